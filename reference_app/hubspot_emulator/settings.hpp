#pragma once

#include "instant.hpp"

#include <string>

namespace hubspot_emulator {

/// How much is seeded, and under which ids; the defaults are those of the reference portal.
struct SeedSettings {
    int contacts = 2000;
    int exams = 500;
    int bookings = 5000;
    std::int64_t seed = 1;
    Millis epoch = 0; ///< midnight UTC of the day that seeded dates are relative to
    std::string exam_type = "2-50158913";
    std::string booking_type = "2-50158943";
    std::uint32_t booking_to_contact = 1277;
    std::uint32_t booking_to_exam = 1277;
    std::uint32_t note_to_contact = 202;
    std::uint32_t exam_to_note = 1249;
    std::uint32_t note_to_booking = 1250;
    std::uint32_t exam_requires_exam = 1340;
};

/// How the portal behaves; every one can be changed while it runs.
struct BehaviourSettings {
    Millis index_lag_ms = 1500;        ///< shortest time until search sees a change
    Millis index_lag_jitter_ms = 3000; ///< at most so much longer, different for every change
    Millis calculated_lag_ms = 1000;   ///< until calculated properties follow what they are calculated from
    Millis background_bump_ms = 0;     ///< a created record's last-modified moves once more after so long; 0: never
    bool preserve_primary_id = false;  ///< a merge keeps the primary record's id, not a third one
    int association_batch = 1000;      ///< inputs that a batch read of associations may carry
    bool shuffle_batches = true;       ///< batch results come in an order of their own
};

/// What the portal grants, and how long it takes.
struct LimitSettings {
    int per_ten_seconds = 100;
    int searches_per_second = 5;
    std::int64_t per_day = 250'000;
    Millis latency_ms = 0;
    bool retry_after = false; ///< 429s carry `Retry-After`
};

struct Settings {
    std::string token = "pat-na1-emulator";
    std::int64_t portal_id = 20858235;
    bool chunked = false; ///< answers come in chunks, as from behind a content delivery network
    SeedSettings seed;
    BehaviourSettings behaviour;
    LimitSettings limits;
};

} // namespace hubspot_emulator
