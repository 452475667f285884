#include "booking_board.hpp"

#include <boost/describe/enum_from_string.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace service {
namespace {

using understudy::Errc;
using understudy::error_code;
using understudy::Reading;
using understudy::ReadOptions;
using understudy::SetReading;
using Clock = std::chrono::steady_clock;
using Exams = std::vector<Reading<MockExam>>;

template<class Enum>
std::optional<Enum> parsed(const std::optional<std::string>& text) {
    Enum value{};
    return text && boost::describe::enum_from_string(text->c_str(), value) ? std::optional{value} : std::nullopt;
}

BookingView view_of(const Booking& booking) {
    BookingView view;
    view.id = booking.hubspot_id;
    view.booking_id = booking.booking_id;
    view.name = booking.name;
    view.email = booking.email;
    view.status = parsed<BookingStatus>(booking.is_active);
    view.attendance = parsed<Attendance>(booking.attendance);
    view.dominant_hand = booking.dominant_hand;
    view.attending_location = booking.attending_location;
    view.contact_id = booking.associated_contact_id;
    view.mock_exam_id = booking.associated_mock_exam;
    return view;
}

ExamFacts facts_of(const MockExam& exam) {
    return {exam.mock_type ? parse_mock_type(*exam.mock_type) : std::nullopt, exam.exam_date, exam.start_time,
            exam.end_time, exam.location};
}

/// Reads bookings, then their exams, within one time.
class Inquiry : public std::enable_shared_from_this<Inquiry> {
public:
    using Views = std::vector<BookingView>;
    using Done = std::function<void(Views, Provenance)>;
    using Fail = std::function<void(SourceUnavailable)>;

    Inquiry(RecordReader& reader, const ReadingParams& params, Done done, Fail fail)
        : reader_{reader}
        , freshness_{params.freshness}
        , deadline_{Clock::now() + params.timeout}
        , done_{std::move(done)}
        , fail_{std::move(fail)} {}

    ReadOptions options() const {
        ReadOptions options;
        options.freshness = freshness_;
        options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        return options;
    }

    void fail(error_code error) { fail_(unavailable(error ? error : make_error_code(Errc::unavailable))); }

    /// Notes what the answer rests on.
    template<class Read>
    void rests_on(const Read& reading) {
        provenance_.from_replica = provenance_.from_replica && reading.tier == 0;
        provenance_.age = std::max(provenance_.age, reading.age);
        provenance_.stale = provenance_.stale || reading.stale;
    }

    void add(const Booking& booking) {
        views_.push_back(view_of(booking));
        if (const auto& exam = views_.back().mock_exam_id)
            of_exam_[*exam].push_back(views_.size() - 1);
    }

    void join_exams() {
        if (of_exam_.empty())
            return finish();
        std::vector<std::string> ids;
        for (const auto& [id, places] : of_exam_)
            ids.push_back(id);
        reader_.read_exams(
            std::move(ids), options(),
            [self = shared_from_this()](error_code error, const Exams& exams) { self->on_exams(error, exams); });
    }

private:
    // In the order of the ids, which of a merged exam are not those of the answers.
    void on_exams(error_code error, const Exams& exams) {
        if (error || exams.size() != of_exam_.size())
            return fail(error);
        auto of_exam = of_exam_.begin();
        for (const auto& exam : exams) {
            if (exam.failed())
                return fail(exam.error);
            rests_on(exam);
            for (const auto place : (of_exam++)->second)
                if (exam.found())
                    views_[place].exam = facts_of(exam.record);
        }
        finish();
    }

    void finish() {
        provenance_.stale = provenance_.stale || (provenance_.from_replica && reader_.source_fails());
        done_(std::move(views_), provenance_);
    }

    RecordReader& reader_;
    understudy::Freshness freshness_;
    Clock::time_point deadline_;
    Done done_;
    Fail fail_;
    Views views_;
    std::map<std::string, std::vector<std::size_t>> of_exam_;
    Provenance provenance_{.from_replica = true};
};

bool passes(BookingFilter filter, const BookingView& booking, understudy::Date today) {
    if (filter == BookingFilter::all)
        return true;
    const auto day = booking.exam ? booking.exam->exam_date : std::nullopt;
    return day && (*day >= today) == (filter == BookingFilter::upcoming);
}

// Later bookings have greater numbers; those without a date are before all dates.
auto moment_of(const BookingView& booking) {
    return std::tuple{booking.exam ? booking.exam->exam_date : std::nullopt, booking.id.size(),
                      std::string_view{booking.id}};
}

BookingPage page_of(std::vector<BookingView> bookings, const BookingsQuestion& question, understudy::Date today) {
    std::erase_if(bookings, [&](const BookingView& one) { return !passes(question.filter, one, today); });
    const bool ascending = question.filter == BookingFilter::upcoming;
    std::ranges::sort(bookings, [&](const BookingView& one, const BookingView& other) {
        return ascending ? moment_of(one) < moment_of(other) : moment_of(other) < moment_of(one);
    });
    BookingPage page;
    page.total_bookings = static_cast<std::int64_t>(bookings.size());
    page.current_page = std::max<std::int64_t>(question.page, 1);
    page.limit = std::max<std::int64_t>(question.limit, 1);
    if (page.current_page > page.total_pages())
        return page;
    const auto begin = (page.current_page - 1) * page.limit;
    const auto end = std::min(begin + page.limit, page.total_bookings);
    page.bookings.assign(std::move_iterator{bookings.begin() + begin}, std::move_iterator{bookings.begin() + end});
    return page;
}

} // namespace

BookingBoard::BookingBoard(RecordReader& reader, const ReadingParams& params, LocalCalendar calendar, Now now)
    : reader_{reader}
    , params_{params}
    , calendar_{calendar}
    , now_{std::move(now)} {}

void BookingBoard::list(BookingsQuestion question, BookingsHandler handler) {
    auto contact_id = question.contact_id;
    const auto inquiry = std::make_shared<Inquiry>(
        reader_, params_,
        [question = std::move(question), today = calendar_.today(now_()), handler](std::vector<BookingView> bookings,
                                                                                   const Provenance& provenance) {
            auto page = page_of(std::move(bookings), question, today);
            page.provenance = provenance;
            handler(std::move(page));
        },
        handler);
    reader_.read_bookings_of_contact(std::move(contact_id), inquiry->options(),
                                     [inquiry](error_code error, const SetReading<Booking>& set) {
                                         if (error || set.failed())
                                             return inquiry->fail(error ? error : set.error);
                                         inquiry->rests_on(set);
                                         for (const auto& member : set.members)
                                             inquiry->add(member.record);
                                         inquiry->join_exams();
                                     });
}

void BookingBoard::get(std::string booking_id, BookingHandler handler) {
    const auto inquiry = std::make_shared<Inquiry>(
        reader_, params_,
        [handler](std::vector<BookingView> bookings, const Provenance& provenance) {
            handler(FoundBooking{std::move(bookings.front()), provenance});
        },
        handler);
    reader_.read_booking(std::move(booking_id), inquiry->options(),
                         [inquiry, handler](error_code error, const Reading<Booking>& booking) {
                             // What is known to be old denies nothing.
                             if (error || booking.failed() || (booking.absent() && booking.stale))
                                 return inquiry->fail(error ? error : booking.error);
                             if (booking.absent())
                                 return handler(BookingNotFound{});
                             inquiry->rests_on(booking);
                             inquiry->add(booking.record);
                             inquiry->join_exams();
                         });
}

} // namespace service
