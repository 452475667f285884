#pragma once

#include "portal.hpp"

namespace hubspot_emulator {

/// What is seeded is a pure function of its number, counted from 1, and the settings.
/// Ids are unique within a type only, so contacts and bookings share theirs: 300000000000 + number. Mock exams have
/// 400000000000 + number, because a booking's association to its exam has the type id of the one to its contact.
inline constexpr Id first_seeded_id = 300'000'000'000;
inline constexpr Id first_seeded_exam_id = 400'000'000'000;

inline constexpr std::size_t credit_fields = 5;
/// sj_credits, cs_credits, sjmini_credits, mock_discussion_token, shared_mock_credits.
extern const char* const credit_field_names[credit_fields];

std::string seeded_student_id(int contact);
std::string seeded_email(int contact);
/// Separated by `;`, empty for most.
std::string seeded_additional_emails(int contact);

/// k = (31 i + 17 field + 13 seed) mod 16; 0 and 1: never set, 2: cleared (""), 3 and 4: "0", else k - 4.
std::optional<std::string> seeded_credits(int contact, std::size_t field, std::int64_t seed);

const char* seeded_mock_type(int exam);
/// Midnight UTC: epoch + (11 i mod 150) - 40 days.
Millis seeded_exam_date(int exam, const SeedSettings& settings);
int seeded_booking_contact(int booking, const SeedSettings& settings);
int seeded_booking_exam(int booking, const SeedSettings& settings);

/// Fills a store that `define_portal` has defined.
void seed_portal(Store& store, const SeedSettings& settings);

} // namespace hubspot_emulator
