#pragma once

#include "student_directory.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

/// Answers by script: a student for some pairs, a failure when told to, and nothing until told when held.
class ScriptedDirectory final : public service::StudentDirectory {
public:
    void add(service::Student student) { by_email_[*student.contact.email] = std::move(student); }
    void fail_with(understudy::error_code error) { failure_ = error; }
    void hold() { held_ = true; }
    /// Answers what was asked since `hold`.
    void release() {
        held_ = false;
        for (auto& [student, handler] : std::exchange(waiting_, {}))
            handler(answer(student.first, student.second));
    }
    std::size_t waiting() const { return waiting_.size(); }
    int asked = 0;

    void identify(std::string student_id, std::string email, Handler handler) override {
        ++asked;
        if (held_)
            waiting_.emplace_back(std::pair{std::move(student_id), std::move(email)}, std::move(handler));
        else
            handler(answer(student_id, email));
    }

private:
    service::StudentResult answer(const std::string& student_id, const std::string& email) const {
        if (failure_)
            return service::unavailable(failure_);
        if (const auto found = by_email_.find(email); found != by_email_.end()) {
            if (found->second.contact.student_id == student_id)
                return found->second;
            return service::EmailMismatch{};
        }
        for (const auto& [address, student] : by_email_)
            if (student.contact.student_id == student_id)
                return service::EmailMismatch{};
        return service::StudentNotFound{};
    }

    std::map<std::string, service::Student> by_email_;
    understudy::error_code failure_;
    bool held_ = false;
    std::vector<std::pair<std::pair<std::string, std::string>, Handler>> waiting_;
};

/// A student with two own credits for Situational Judgment and one shared.
inline service::Student ann() {
    service::Student student;
    student.contact.hubspot_id = "101";
    student.contact.student_id = "ANN1";
    student.contact.email = "ann@example.org";
    student.contact.firstname = "Ann";
    student.contact.lastname = "Lee";
    student.contact.sj_credits = 2;
    student.contact.shared_mock_credits = 1;
    student.from_replica = true;
    return student;
}
