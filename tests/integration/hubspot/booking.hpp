#pragma once

#include <understudy/hubspot/object_traits.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include "contact.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// What the emulator calls them unless it is told otherwise.
inline constexpr const char* exam_type = "2-50158913";
inline constexpr const char* booking_type = "2-50158943";

/// An exam; only Mock Discussions have prerequisites.
struct MockExam {
    std::string id;
    std::optional<std::string> mock_type;
    std::optional<std::string> capacity;
    std::vector<std::string> prerequisite_exam_ids;

    friend bool operator==(const MockExam&, const MockExam&) = default;
};
BOOST_DESCRIBE_STRUCT(MockExam, (), (id, mock_type, capacity, prerequisite_exam_ids))

/// A booking, with the ids of its contact and its exam.
struct Booking {
    std::string id;
    std::optional<std::string> booking_id;
    std::optional<std::string> idempotency_key;
    std::optional<std::string> name;
    std::optional<std::string> is_active;
    std::optional<std::string> associated_contact_id;
    std::optional<std::string> associated_mock_exam;

    friend bool operator==(const Booking&, const Booking&) = default;
};
BOOST_DESCRIBE_STRUCT(Booking, (),
                      (id, booking_id, idempotency_key, name, is_active, associated_contact_id, associated_mock_exam))

template<>
struct understudy::RecordTraits<MockExam> {
    static constexpr std::string_view name = "mock exam";
    static constexpr auto key = &MockExam::id;
    static constexpr bool numeric_keys = true;
    using links = Members<&MockExam::prerequisite_exam_ids>;
};

template<>
struct understudy::RecordTraits<Booking> {
    static constexpr std::string_view name = "booking";
    static constexpr auto key = &Booking::id;
    static constexpr bool numeric_keys = true;
    using links = Members<&Booking::associated_contact_id, &Booking::associated_mock_exam>;
};

template<>
struct understudy::hubspot::ObjectTraits<MockExam> {
    static constexpr std::string_view object_type = exam_type;
    static constexpr std::tuple links{Link<&MockExam::prerequisite_exam_ids>{
        .to = exam_type,
        .type_id = 1340,
        .reverse_type_id = 1339,
        .where = [](const MockExam& exam) { return exam.mock_type == "Mock Discussion"; },
        .category = "USER_DEFINED"}};
};

template<>
struct understudy::hubspot::ObjectTraits<Booking> {
    static constexpr std::string_view object_type = booking_type;
    static constexpr std::string_view operation_property = "understudy_operation";
    static constexpr std::tuple links{Link<&Booking::associated_contact_id>{.to = "0-1", .type_id = 1277},
                                      Link<&Booking::associated_mock_exam>{.to = exam_type, .type_id = 1277}};
};

struct BookingsOfContact : understudy::Relation<Contact, &Booking::associated_contact_id> {
    static constexpr std::string_view name = "bookings_of_contact";
};

struct BookingsOfExam : understudy::Relation<MockExam, &Booking::associated_mock_exam> {
    static constexpr std::string_view name = "bookings_of_exam";
};

struct AllExams : understudy::Whole<MockExam> {
    static constexpr std::string_view name = "all_exams";
};
