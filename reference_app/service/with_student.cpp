#include "with_student.hpp"

#include "problem.hpp"

#include <utility>

namespace service {

void with_student(StudentDirectory& students, Credentials credentials, AnswerStudent answer, Respond respond) {
    students.identify(std::move(credentials.student_id), std::move(credentials.email),
                      [answer = std::move(answer), respond = std::move(respond)](const StudentResult& result) {
                          std::visit(
                              [&]<class T>(const T& outcome) {
                                  if constexpr (std::is_same_v<T, Student>)
                                      answer(outcome, respond);
                                  else
                                      respond(problem_answer(problem_of(outcome)));
                              },
                              result);
                      });
}

} // namespace service
