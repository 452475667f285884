#pragma once

#include "booking.hpp"
#include "mock_exam.hpp"

#include <understudy/hubspot/object_traits.hpp>
#include <understudy/postgres/table.hpp>

#include <string_view>
#include <tuple>

/// Exams and bookings at HubSpot: the properties are called what the members are called. The ids are defaults.
template<>
struct understudy::hubspot::ObjectTraits<service::MockExam> {
    static constexpr std::string_view object_type = "2-50158913";
    static constexpr std::tuple links{Link<&service::MockExam::prerequisite_exam_ids>{
        .to = object_type, .type_id = 1340, .where = &service::may_require_exams}};
    /// A text at HubSpot. An exam whose date nobody can read is not on offer, and keeps no other from being so.
    using typed_by_hand = Members<&service::MockExam::exam_date>;
};

template<>
struct understudy::hubspot::ObjectTraits<service::Booking> {
    static constexpr std::string_view object_type = "2-50158943";
    static constexpr std::string_view operation_property = "understudy_operation";
    static constexpr std::tuple links{
        Link<&service::Booking::associated_contact_id>{.to = "0-1", .type_id = 1277},
        Link<&service::Booking::associated_mock_exam>{.to = "2-50158913", .type_id = 1277}};
};

/// Exams and bookings in the replica; see `migrations/`.
template<>
struct understudy::postgres::TableTraits<service::MockExam> {
    static constexpr std::string_view table = "hubspot_mock_exams";
    using relations = Indexes<service::AllExams>;
};

template<>
struct understudy::postgres::TableTraits<service::Booking> {
    static constexpr std::string_view table = "hubspot_bookings";
    using relations = Indexes<service::BookingsOfContact, service::BookingsOfExam>;
};
