#pragma once

#include "answer.hpp"
#include "question.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace demo {

/// A student as the source has them.
struct Student {
    std::string contact_id;
    std::string student_id;
    std::string email;
    std::map<std::string, std::int64_t> credits; ///< by field; never set and cleared are 0

    /// The student with one more or less of something.
    Student with(const std::string& field, std::int64_t difference) const;
};

Question login_of(const Student& student);
Question list_of(const Student& student);

/// Whether a login or a list shows the student's credits, all of them.
bool has_right_credits(const Answer& answer, const Student& student);
/// Whether a login says that it was answered from there: `hubspot`, `supabase`.
bool comes_from(const Answer& answer, std::string_view source);

} // namespace demo
