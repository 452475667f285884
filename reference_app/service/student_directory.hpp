#pragma once

#include "contact_credits.hpp"
#include "source_unavailable.hpp"

#include <understudy/error.hpp>
#include <understudy/reading.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace service {

/// A student whose number and address belong together.
struct Student {
    ContactCredits contact;
    /// The replica answered, not the source.
    bool from_replica = false;
    /// How long ago the source confirmed it.
    std::chrono::milliseconds age{0};
    /// A newer state is suspected and could not be read.
    bool stale = false;
};

/// Neither the number nor the address is known.
struct StudentNotFound {};

/// The number is known under another address, or the address under another number.
struct EmailMismatch {};

using StudentResult = std::variant<Student, StudentNotFound, EmailMismatch, SourceUnavailable>;

/// Who the application asks about students.
class StudentDirectory {
public:
    using Handler = std::function<void(StudentResult)>;

    virtual ~StudentDirectory() = default;

    /// Finds the student by address and checks the number. The address is normalised. The handler is called once, from
    /// the same thread, possibly before this returns.
    virtual void identify(std::string student_id, std::string email, Handler handler) = 0;
};

/// What the answer to "who has this address?" says of the student with this number; nothing if it takes another
/// question, whether anybody has the number.
inline std::optional<StudentResult> judge(std::string_view student_id,
                                          const understudy::Reading<ContactCredits>& by_email) {
    if (by_email.failed())
        return unavailable(by_email.error);
    if (by_email.absent())
        return std::nullopt;
    if (by_email.record.student_id == student_id)
        return Student{by_email.record, by_email.tier == 0, by_email.age, by_email.stale};
    // What is known to be old refuses nobody.
    if (by_email.stale)
        return unavailable(by_email.error ? by_email.error : make_error_code(understudy::Errc::unavailable));
    return EmailMismatch{};
}

} // namespace service
