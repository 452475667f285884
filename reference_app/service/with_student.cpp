#include "with_student.hpp"

#include "responses.hpp"

#include <utility>

namespace service {
namespace {

Response refusal(const StudentNotFound&) {
    return student_not_found();
}
Response refusal(const EmailMismatch&) {
    return email_mismatch();
}
Response refusal(const SourceUnavailable& failure) {
    return source_unavailable(failure);
}

} // namespace

void with_student(StudentDirectory& students, Credentials credentials, AnswerStudent answer, Respond respond) {
    students.identify(std::move(credentials.student_id), std::move(credentials.email),
                      [answer = std::move(answer), respond = std::move(respond)](const StudentResult& result) {
                          std::visit(
                              [&]<class T>(const T& outcome) {
                                  if constexpr (std::is_same_v<T, Student>)
                                      answer(outcome, respond);
                                  else
                                      respond(refusal(outcome));
                              },
                              result);
                      });
}

} // namespace service
