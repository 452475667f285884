#pragma once

#include <understudy/date_time.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// A mock exam at the source. Choices are kept as the texts that the source sends: an option that staff add later must
/// not make the others unreadable.
struct MockExam {
    std::string hubspot_id;
    std::optional<std::string> mock_exam_name;
    /// See `MockType`.
    std::optional<std::string> mock_type;
    std::optional<std::string> location;
    /// `A` to `H`.
    std::optional<std::string> mock_set;
    /// In Toronto's calendar.
    std::optional<understudy::Date> exam_date;
    std::optional<understudy::Timestamp> start_time;
    std::optional<understudy::Timestamp> end_time;
    std::optional<understudy::Timestamp> scheduled_activation_datetime;
    std::optional<std::int32_t> capacity;
    /// What somebody wrote there last. Places are counted, never taken from here.
    std::optional<std::int32_t> total_bookings;
    /// `true`, `false` or `scheduled`.
    std::optional<std::string> is_active;
    /// The exams that a Mock Discussion requires; empty for every other kind.
    std::vector<std::string> prerequisite_exam_ids;

    friend bool operator==(const MockExam&, const MockExam&) = default;
};
BOOST_DESCRIBE_STRUCT(MockExam, (),
                      (hubspot_id, mock_exam_name, mock_type, location, mock_set, exam_date, start_time, end_time,
                       scheduled_activation_datetime, capacity, total_bookings, is_active, prerequisite_exam_ids))

} // namespace service

template<>
struct understudy::RecordTraits<service::MockExam> {
    static constexpr std::string_view name = "mock exam";
    static constexpr auto key = &service::MockExam::hubspot_id;
    static constexpr bool numeric_keys = true;
    using links = Members<&service::MockExam::prerequisite_exam_ids>;
};

namespace service {

/// Only a Mock Discussion requires other exams.
inline bool may_require_exams(const MockExam& exam) {
    return exam.mock_type == "Mock Discussion";
}

/// Every exam there is: which of them are on offer is a question to the rows.
struct AllExams : understudy::Whole<MockExam> {
    static constexpr std::string_view name = "all_exams";
};

} // namespace service
