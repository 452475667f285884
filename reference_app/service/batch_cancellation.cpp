#include "batch_cancellation.hpp"

#include "write_responses.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace service {
namespace {

class BatchCancellation : public std::enable_shared_from_this<BatchCancellation> {
public:
    BatchCancellation(StudentDirectory& students, BookingDesk& desk, std::vector<CancellationQuestion> questions,
                      Respond respond)
        : students_{students}
        , desk_{desk}
        , questions_{std::move(questions)}
        , respond_{std::move(respond)} {
        for (const auto& question : questions_)
            items_.push_back({question.cancellation.record_id, problem_of(CancelRefusal::not_found)});
    }

    void identify() {
        std::map<std::pair<std::string, std::string>, Places> by_student;
        for (std::size_t i = 0; i < questions_.size(); ++i)
            by_student[{questions_[i].student.student_id, questions_[i].student.email}].push_back(i);
        waiting_ = by_student.size();
        for (const auto& [student, places] : by_student)
            students_.identify(student.first, student.second,
                               [self = shared_from_this(), at = places](const StudentResult& result) {
                                   self->on_identified(result, at);
                               });
    }

private:
    // Of items in the request, ascending.
    using Places = std::vector<std::size_t>;

    void on_identified(const StudentResult& result, const Places& places) {
        std::visit(
            [&]<class T>(const T& outcome) {
                if constexpr (std::is_same_v<T, Student>) {
                    auto& all = by_contact_[outcome.contact.hubspot_id];
                    all.insert(all.end(), places.begin(), places.end());
                } else {
                    for (const auto place : places)
                        items_[place].outcome = problem_of(outcome);
                }
            },
            result);
        if (--waiting_ == 0)
            cancel();
    }

    void cancel() {
        waiting_ = by_contact_.size() + 1;
        for (auto& [contact, places] : by_contact_)
            cancel(contact, places);
        on_cancelled();
    }

    void cancel(const std::string& contact, Places& places) {
        // Two addresses may have led to the contact.
        std::sort(places.begin(), places.end());
        std::map<std::string, std::size_t> seen;
        Places asked;
        std::vector<Cancellation> cancellations;
        for (const auto place : places) {
            const auto& cancellation = questions_[place].cancellation;
            if (!is_record_id(cancellation.record_id))
                continue;
            const auto [first, is_new] = seen.emplace(cancellation.record_id, place);
            if (is_new) {
                asked.push_back(place);
                cancellations.push_back(cancellation);
            } else {
                repeated_.emplace_back(place, first->second);
            }
        }
        if (asked.empty())
            return on_cancelled();
        desk_.cancel(contact, std::move(cancellations),
                     [self = shared_from_this(), asked = std::move(asked)](const std::vector<CancelResult>& results) {
                         for (std::size_t i = 0; i < asked.size(); ++i)
                             self->take(asked[i], results[i]);
                         self->on_cancelled();
                     });
    }

    void take(std::size_t place, const CancelResult& result) {
        std::visit(
            [&]<class T>(const T& outcome) {
                if constexpr (std::is_same_v<T, Cancelled>)
                    items_[place].outcome = outcome;
                else
                    items_[place].outcome = problem_of(outcome);
            },
            result);
    }

    void on_cancelled() {
        if (--waiting_ > 0)
            return;
        for (const auto& [place, first] : repeated_) {
            const auto* problem = std::get_if<Problem>(&items_[first].outcome);
            items_[place].outcome = problem ? *problem : problem_of(CancelRefusal::already_cancelled);
        }
        respond_(batch_answer(items_));
    }

    StudentDirectory& students_;
    BookingDesk& desk_;
    std::vector<CancellationQuestion> questions_;
    Respond respond_;
    std::vector<BatchItem> items_;
    std::map<std::string, Places> by_contact_;
    // Places, each with that of the first item that names the booking.
    std::vector<std::pair<std::size_t, std::size_t>> repeated_;
    std::size_t waiting_ = 0;
};

} // namespace

void cancel_batch(StudentDirectory& students, BookingDesk& desk, std::vector<CancellationQuestion> questions,
                  Respond respond) {
    std::make_shared<BatchCancellation>(students, desk, std::move(questions), std::move(respond))->identify();
}

} // namespace service
