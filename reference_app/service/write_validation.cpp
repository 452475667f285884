#include "write_validation.hpp"

#include "body_reader.hpp"
#include "booking_requirements.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace service {
namespace {

constexpr std::size_t longest_name = 200;
constexpr std::size_t longest_reason = 500;
constexpr std::size_t longest_choice = 64;
constexpr std::size_t longest_key = 255;
constexpr std::size_t largest_batch = 50;
constexpr std::size_t largest_admin_batch = 100;

constexpr std::array<std::string_view, 5> attending_locations{"mississauga", "calgary", "vancouver", "montreal",
                                                              "richmond_hill"};
constexpr std::array<std::string_view, 3> discussion_formats{"Virtual", "In-Person", "Hybrid"};

template<std::size_t n>
std::optional<std::string> take_choice(BodyReader& reader, std::string_view name,
                                       const std::array<std::string_view, n>& choices) {
    auto text = reader.optional_text(name, longest_choice);
    if (!text || std::find(choices.begin(), choices.end(), *text) != choices.end())
        return text;
    std::string all;
    for (const auto choice : choices)
        all.append(all.empty() ? "must be one of " : ", ").append(choice);
    reader.refuse(name, all);
    return std::nullopt;
}

std::string take_id(BodyReader& reader, std::string_view name) {
    const auto* text = reader.required_text(name);
    if (text && text->empty())
        reader.refuse(name, "must not be empty");
    return text ? std::string{*text} : std::string{};
}

// What bookings of every kind say.
void take_order(BodyReader& reader, BookingQuestion& question, std::optional<std::string_view> key) {
    question.student = reader.student();
    question.order.exam_id = take_id(reader, "mock_exam_id");
    question.order.name = reader.optional_text("name", longest_name);
    if (key && !is_idempotency_key(*key))
        reader.refuse("Idempotency-Key", "must consist of 1 to 255 visible ASCII characters");
    else if (key)
        question.order.idempotency_key = *key;
}

void take_details(BodyReader& reader, BookingOrder& order) {
    if (const auto text = reader.optional_text("mock_type", longest_choice))
        order.mock_type = take_mock_type(*text, reader.errors);
    order.dominant_hand = reader.optional_flag("dominant_hand");
    order.attending_location = take_choice(reader, "attending_location", attending_locations);
    if (!order.mock_type)
        return;
    if (needs_dominant_hand(*order.mock_type) && !reader.says("dominant_hand"))
        reader.errors.emplace_back(dominant_hand_missing);
    if (needs_attending_location(*order.mock_type) && !reader.says("attending_location"))
        reader.errors.emplace_back(attending_location_missing);
}

void take_cancellation(BodyReader& reader, CancellationQuestion& question) {
    question.student = reader.student();
    question.cancellation.reason = reader.optional_text("reason", longest_reason);
}

// `bookings`, an array of up to so many objects, each read by `take(reader, item)`.
template<class T, class F>
void take_batch(BodyReader& reader, const boost::json::object& body, std::size_t largest, std::vector<T>& items,
                F take) {
    constexpr std::string_view name = "bookings";
    const auto* value = body.if_contains(name);
    if (!value || value->is_null())
        return reader.refuse(name, "is required");
    if (!value->is_array() || value->get_array().empty() || value->get_array().size() > largest)
        return reader.refuse(name, "must be an array of 1 to " + std::to_string(largest) + " bookings");
    for (const auto& one : value->get_array()) {
        const auto place = "bookings[" + std::to_string(items.size()) + "]";
        auto& item = items.emplace_back();
        if (!one.is_object()) {
            reader.refuse(place, "must be an object");
            continue;
        }
        BodyReader member{one.get_object()};
        take(member, item);
        for (const auto& error : member.errors)
            reader.errors.push_back(std::string{place}.append(".").append(error));
    }
}

void take_mark(BodyReader& reader, AttendanceMark& mark) {
    mark.record_id = take_id(reader, "bookingId");
    const auto* attended = reader.find("attended");
    if (attended && attended->is_bool())
        mark.attended = attended->get_bool();
    else if (!attended || !attended->is_null())
        reader.refuse("attended", "must be true, false or null");
}

} // namespace

bool is_idempotency_key(std::string_view text) noexcept {
    return !text.empty() && text.size() <= longest_key &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Validated<BookingQuestion> validate_booking(const boost::json::object& body, std::optional<std::string_view> key) {
    return read_members<BookingQuestion>(body, [&](BodyReader& reader, BookingQuestion& question) {
        take_order(reader, question, key);
        take_details(reader, question.order);
    });
}

Validated<BookingQuestion> validate_discussion_booking(const boost::json::object& body,
                                                       std::optional<std::string_view> key) {
    return read_members<BookingQuestion>(body, [&](BodyReader& reader, BookingQuestion& question) {
        take_order(reader, question, key);
        take_choice(reader, "discussion_format", discussion_formats);
        question.order.mock_type = MockType::mock_discussion;
    });
}

Validated<CancellationQuestion> validate_cancellation(const boost::json::object& body) {
    return read_members<CancellationQuestion>(body, &take_cancellation);
}

Validated<std::vector<CancellationQuestion>> validate_batch_cancellation(const boost::json::object& body) {
    using Questions = std::vector<CancellationQuestion>;
    return read_members<Questions>(body, [&](BodyReader& reader, Questions& questions) {
        take_batch(reader, body, largest_batch, questions, [](BodyReader& member, CancellationQuestion& question) {
            question.cancellation.record_id = take_id(member, "id");
            take_cancellation(member, question);
        });
    });
}

Validated<BookingQuestion> validate_admin_booking(const boost::json::object& body,
                                                  std::optional<std::string_view> key) {
    return read_members<BookingQuestion>(body, [&](BodyReader& reader, BookingQuestion& question) {
        take_order(reader, question, key);
        take_details(reader, question.order);
        question.order.by_admin = AdminOverride{reader.optional_flag("override_capacity").value_or(false)};
    });
}

Validated<std::vector<Cancellation>> validate_admin_cancellation(const boost::json::object& body) {
    using Cancellations = std::vector<Cancellation>;
    return read_members<Cancellations>(body, [&](BodyReader& reader, Cancellations& cancellations) {
        take_batch(reader, body, largest_batch, cancellations, [](BodyReader& member, Cancellation& cancellation) {
            cancellation.record_id = take_id(member, "id");
            cancellation.reason = member.optional_text("reason", longest_reason);
        });
    });
}

Validated<ExamCancellation> validate_exam_cancellation(const boost::json::object& body) {
    return read_members<ExamCancellation>(body, [&](BodyReader& reader, ExamCancellation& cancellation) {
        take_batch(reader, body, largest_admin_batch, cancellation.bookings,
                   [](BodyReader& member, Cancellation& booking) { booking.record_id = take_id(member, "id"); });
        cancellation.refund = reader.optional_flag("refundTokens").value_or(true);
    });
}

Validated<std::vector<AttendanceMark>> validate_attendance(const boost::json::object& body) {
    using Marks = std::vector<AttendanceMark>;
    return read_members<Marks>(body, [&](BodyReader& reader, Marks& marks) {
        take_batch(reader, body, largest_admin_batch, marks, &take_mark);
        std::set<std::string_view> seen;
        for (const auto& mark : marks)
            if (!mark.record_id.empty() && !seen.insert(mark.record_id).second)
                return reader.refuse("bookings", "must not name a booking twice");
    });
}

Validated<ExamDateQuestion> validate_exam_date(const boost::json::object& body, understudy::Date today) {
    return read_members<ExamDateQuestion>(body, [&](BodyReader& reader, ExamDateQuestion& question) {
        constexpr std::string_view name = "ndecc_exam_date";
        question.student = reader.student();
        const auto* text = reader.required_text(name);
        if (!text)
            return;
        const auto date = understudy::parse_date(*text);
        if (!date)
            reader.refuse(name, "must be a date, YYYY-MM-DD");
        else if (*date < today)
            reader.refuse(name, "must not be before today, " + understudy::format_date(today));
        else
            question.ndecc_exam_date = *text;
    });
}

} // namespace service
