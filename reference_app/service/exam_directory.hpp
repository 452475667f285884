#pragma once

#include "credit_rules.hpp"
#include "provenance.hpp"
#include "source_unavailable.hpp"

#include <understudy/date_time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// The places of one exam, counted now. An exam without a capacity has none: nobody can be promised one.
struct Places {
    /// What the source says; it may say nothing, or nonsense.
    std::optional<std::int32_t> capacity;
    /// Bookings that are active or completed.
    std::int64_t taken = 0;

    /// Never less than zero, however many are taken.
    std::int64_t available() const noexcept {
        const std::int64_t left = capacity.value_or(0) - taken;
        return left > 0 ? left : 0;
    }
    bool full() const noexcept { return available() == 0; }

    friend bool operator==(const Places&, const Places&) = default;
};

/// An exam that can be booked: active, and today or later by Toronto's calendar.
struct ExamOnOffer {
    std::string mock_exam_id;
    MockType mock_type = MockType::situational_judgment;
    understudy::Date exam_date{};
    std::optional<understudy::Timestamp> start_time;
    std::optional<understudy::Timestamp> end_time;
    std::optional<std::string> location;
    std::optional<std::int32_t> capacity;
    /// Where the question asked for counts.
    std::optional<Places> places;

    friend bool operator==(const ExamOnOffer&, const ExamOnOffer&) = default;
};

/// By date, then by start (those without one last), then by id.
struct ExamsOnOffer {
    std::vector<ExamOnOffer> exams;
    Provenance provenance;
};

struct ExamCapacity {
    std::string mock_exam_id;
    Places places;
    Provenance provenance;
};

/// The source says that there is no such exam.
struct ExamNotFound {};

using AvailableResult = std::variant<ExamsOnOffer, SourceUnavailable, ReplicaUnavailable>;
using CapacityResult = std::variant<ExamCapacity, ExamNotFound, SourceUnavailable, ReplicaUnavailable>;

struct AvailableQuestion {
    MockType mock_type = MockType::situational_judgment;
    /// Nothing that the source confirmed longer than a minute ago.
    bool realtime = false;
    /// Whether the places of each exam are counted.
    bool with_counts = true;
};

/// Who the application asks about exams. Each handler is called once, from the same thread, possibly before the call
/// returns.
class ExamDirectory {
public:
    using AvailableHandler = std::function<void(AvailableResult)>;
    using CapacityHandler = std::function<void(CapacityResult)>;

    virtual ~ExamDirectory() = default;

    virtual void available(AvailableQuestion question, AvailableHandler handler) = 0;
    /// Of any exam, whether it is on offer or not.
    virtual void capacity(std::string exam_id, CapacityHandler handler) = 0;
};

} // namespace service
