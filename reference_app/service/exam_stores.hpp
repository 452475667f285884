#pragma once

#include "booking.hpp"
#include "mock_exam.hpp"

#include <understudy/postgres/table.hpp>

#include <string_view>

/// Exams and bookings in the replica; see `migrations/`.
template<>
struct understudy::postgres::TableTraits<service::MockExam> {
    static constexpr std::string_view table = "hubspot_mock_exams";
};

template<>
struct understudy::postgres::TableTraits<service::Booking> {
    static constexpr std::string_view table = "hubspot_bookings";
};
