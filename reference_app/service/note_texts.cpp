#include "note_texts.hpp"

#include "tokens.hpp"

#include <utility>

namespace service {
namespace {

// A note whose lines are HTML already.
class Lines {
public:
    explicit Lines(std::string_view title)
        : html_{"<p><strong>" + as_html(title) + "</strong></p>"} {}

    Lines& line(std::string_view label, std::string_view text) {
        if (!text.empty())
            html_ += "<p>" + as_html(label) + ": " + as_html(text) + "</p>";
        return *this;
    }
    Note at(understudy::Timestamp moment) && {
        Note note;
        note.hs_note_body = std::move(html_);
        note.hs_timestamp = moment;
        return note;
    }

private:
    std::string html_;
};

std::string_view text_of(const std::optional<std::string>& text) {
    return text ? std::string_view{*text} : std::string_view{};
}

} // namespace

std::string as_html(std::string_view text) {
    std::string html;
    html.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            html += "&amp;";
            break;
        case '<':
            html += "&lt;";
            break;
        case '>':
            html += "&gt;";
            break;
        case '"':
            html += "&quot;";
            break;
        case '\'':
            html += "&#39;";
            break;
        case '\n':
            html += "<br>";
            break;
        case '\r':
            break;
        default:
            html += c;
        }
    }
    return html;
}

Note note_of_booking(const Booking& booking, const std::string& student_id, const Booked& booked,
                     understudy::Timestamp at) {
    Lines lines{booked.payment ? "Exam booked" : "Exam booked by an admin"};
    lines.line("Booking", booked.booking_id)
        .line("Student", student_id)
        .line("Name", text_of(booking.name))
        .line("E-mail", text_of(booking.email))
        .line("Exam", std::string{service::name_of(booked.mock_type)} + ", " +
                          understudy::format_date(booked.exam_date) +
                          (booked.location ? ", " + *booked.location : std::string{}))
        .line("Paid with", text_of(booking.token_used));
    auto note = std::move(lines).at(at);
    note.contact_id = booking.associated_contact_id;
    return note;
}

Note note_of_cancellation(const Booking& booking, const Cancelled& cancelled, const std::optional<std::string>& reason,
                          std::string_view admin) {
    Lines lines{admin.empty() ? "Booking cancelled" : "Booking cancelled by an admin"};
    lines.line("Booking", text_of(booking.booking_id))
        .line("Name", text_of(booking.name))
        .line("E-mail", text_of(booking.email))
        .line("Admin", admin)
        .line("Given back", cancelled.restored ? token_of(cancelled.restored->field) : "nothing")
        .line("Reason", text_of(reason));
    auto note = std::move(lines).at(cancelled.cancelled_at);
    note.contact_id = booking.associated_contact_id;
    note.booking_id = cancelled.record_id;
    return note;
}

} // namespace service
