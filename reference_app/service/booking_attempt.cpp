#include "booking_attempt.hpp"

#include "digest.hpp"
#include "note_texts.hpp"
#include "tokens.hpp"
#include "write_trouble.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace service {
namespace {

namespace json = boost::json;
using understudy::Errc;
using understudy::error_code;
using understudy::Patch;
using understudy::Reading;

constexpr std::string_view booking_write = "booking";
constexpr std::string_view payment_write = "payment";
constexpr auto bucket = std::chrono::minutes{5};

std::string text_of(const std::optional<bool>& value) {
    return value ? *value ? "yes" : "no" : "";
}

std::string_view rights_of(const BookingOrder& order) {
    return !order.by_admin ? "" : order.by_admin->capacity ? "override capacity" : "override";
}

// `March 5, 2026`.
std::string spelled(understudy::Date date) {
    constexpr std::array<const char*, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
    return std::string{months[static_cast<unsigned>(date.month()) - 1]} + " " +
           std::to_string(static_cast<unsigned>(date.day())) + ", " + std::to_string(static_cast<int>(date.year()));
}

std::optional<MockType> type_of(const MockExam& exam) {
    return exam.mock_type ? parse_mock_type(*exam.mock_type) : std::nullopt;
}

bool is_held(const Booking& booking) {
    return booking.is_active == "Active" || booking.is_active == "Completed";
}

json::value json_of(const CreditBreakdown& credits) {
    return {{"specific", credits.specific}, {"shared", credits.shared}};
}
CreditBreakdown credits_of(const json::value& value) {
    return {value.at("specific").to_number<std::int64_t>(), value.at("shared").to_number<std::int64_t>()};
}

// What an answer says, kept with the operation for those who ask again.
std::string context_of(const Booked& booked) {
    json::object object{{"booking_id", booked.booking_id},
                        {"key", booked.idempotency_key},
                        {"exam", booked.exam_id},
                        {"mock_type", std::string{name_of(booked.mock_type)}},
                        {"date", understudy::format_date(booked.exam_date)}};
    if (booked.payment) {
        object["paid"] = static_cast<int>(booked.payment->field);
        object["before"] = json_of(booked.payment->before);
        object["after"] = json_of(booked.payment->after);
    }
    if (booked.location)
        object["location"] = *booked.location;
    return json::serialize(object);
}

std::optional<Booked> booked_of(const understudy::OperationReport& report) try {
    const auto value = json::parse(report.context);
    const auto text = [&](const char* name) { return std::string{value.at(name).as_string()}; };
    Booked booked;
    booked.booking_id = text("booking_id");
    booked.idempotency_key = text("key");
    booked.exam_id = text("exam");
    booked.mock_type = parse_mock_type(text("mock_type")).value();
    booked.exam_date = understudy::parse_date(text("date")).value();
    if (value.as_object().contains("location"))
        booked.location = text("location");
    if (value.as_object().contains("paid"))
        booked.payment = Payment{static_cast<CreditField>(value.at("paid").to_number<int>()),
                                 credits_of(value.at("before")), credits_of(value.at("after"))};
    if (const auto* step = report.step(booking_write))
        booked.record_id = step->key;
    booked.repeated = report.repeated;
    booked.replica_pending = report.replica_pending;
    return booked;
} catch (const std::exception&) {
    return std::nullopt;
}

} // namespace

BookingAttempt::BookingAttempt(JournaledBookingDesk& desk, BookingOrder order, BookingDesk::BookHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , order_{std::move(order)}
    , handler_{std::move(handler)}
    , contact_id_{order_.contact.hubspot_id}
    , exam_id_{order_.exam_id} {
    request_ = digest_of({contact_id_, exam_id_, order_.mock_type ? service::name_of(*order_.mock_type) : "",
                          order_.name.value_or(""), text_of(order_.dominant_hand),
                          order_.attending_location.value_or(""), rights_of(order_)});
}

BookingAttempt::~BookingAttempt() {
    reasons_.reset();
    if (const auto known = desk_.reasons_.find(id_); known != desk_.reasons_.end() && known->second.expired())
        desk_.reasons_.erase(known);
}

void BookingAttempt::start() {
    if (!order_.idempotency_key.empty()) {
        id_ = digest_of({"key", contact_id_, order_.idempotency_key});
        return carry_out();
    }
    read_facts(false, [self = shared_from_this()](error_code error) {
        if (error)
            return self->answer(trouble_of<BookResult>(error, BookingRefused{}));
        if (!self->facts_.exam.found())
            return self->answer(BookingRefused{BookingRefusal::exam_not_found});
        self->name();
        self->carry_out();
    });
}

// Names a request that brought no key of its own: the same again within five minutes is the same request, unless the
// booking was cancelled meanwhile.
void BookingAttempt::name() {
    const auto& exam = facts_.exam.record;
    const auto cancelled = std::count_if(facts_.bookings.begin(), facts_.bookings.end(), [&](const Booking& booking) {
        return booking.associated_mock_exam == exam_id_ && booking.is_active == "Cancelled";
    });
    id_ = digest_of({"derived", rights_of(order_), contact_id_, exam_id_, exam.mock_type.value_or(""),
                     exam.exam_date ? understudy::format_date(*exam.exam_date) : "",
                     std::to_string(desk_.now_().time_since_epoch() / bucket), std::to_string(cancelled)});
}

// Without the lock: what names the request. Under it: what decides, the balance read from the source itself.
void BookingAttempt::read_facts(bool under_lock, std::function<void(error_code)> then) {
    const auto self = shared_from_this();
    side_by_side(
        [&] {
            expect_one_more();
            desk_.reader_.read_exams(
                {exam_id_}, options(), [self](error_code error, const std::vector<Reading<MockExam>>& exams) {
                    if (!error && (exams.size() != 1 || exams.front().failed()))
                        error = exams.empty() || !exams.front().error ? make_error_code(Errc::unavailable)
                                                                      : exams.front().error;
                    if (!error)
                        self->facts_.exam = exams.front();
                    self->arrived(error);
                });
            expect_one_more();
            desk_.reader_.read_bookings_of_contact(
                contact_id_, options(), [self](error_code error, const understudy::SetReading<Booking>& set) {
                    if (!error && (set.failed() || set.stale))
                        error = set.error ? set.error : make_error_code(Errc::unavailable);
                    self->facts_.bookings.clear();
                    for (const auto& member : set.members)
                        self->facts_.bookings.push_back(member.record);
                    self->arrived(error);
                });
            if (!under_lock)
                return;
            expect_one_more();
            desk_.reader_.cover_bookings_of_exams({exam_id_}, options(),
                                                  [self](error_code error) { self->arrived(error); });
            expect_one_more();
            desk_.writer_.read_contact(contact_id_, options(),
                                       [self](error_code error, const Reading<ContactCredits>& contact) {
                                           self->facts_.contact = contact;
                                           self->arrived(error);
                                       });
        },
        [self, under_lock, then = std::move(then)](error_code error) {
            const auto& exam = self->facts_.exam;
            if (error || !exam.found() || exam.id == self->exam_id_)
                return then(error);
            // The exam was merged into another one, which is now the one that is asked for.
            if (++self->rounds_ > max_rounds)
                return then(Errc::contended);
            self->exam_id_ = exam.id;
            self->read_facts(under_lock, then);
        });
}

void BookingAttempt::carry_out() {
    WriteOperation operation;
    operation.id = undone_ == 0 ? id_ : id_ + "-" + std::to_string(undone_ + 1);
    operation.kind = "book";
    operation.locks = {desk_.writer_.lock_of_contact(contact_id_)};
    operation.request = request_;
    operation.timeout = remaining();
    auto& known = desk_.reasons_[id_];
    reasons_ = known.lock();
    if (!reasons_)
        known = reasons_ = std::make_shared<Reasons>();
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation), [self](const RecordWriter::Decided& decided) { self->decide(decided); },
        [self](error_code error, const understudy::OperationReport& report) { self->on_report(error, report); });
}

void BookingAttempt::decide(const RecordWriter::Decided& decided) {
    *reasons_ = {};
    read_facts(true, [self = shared_from_this(), decided](error_code error) {
        if (error)
            return decided(error, {});
        if (self->facts_.contact.found() && self->facts_.contact.id != self->contact_id_) {
            self->reasons_->survivor = self->facts_.contact.id;
            return decided(Errc::record_merged, {});
        }
        // That the student has no other booking of the kind on that day is decided by the exams of the others.
        std::vector<std::string> exams;
        for (const auto& booking : self->facts_.bookings)
            if (booking.is_active == "Active" && booking.associated_mock_exam &&
                booking.associated_mock_exam != self->exam_id_)
                exams.push_back(*booking.associated_mock_exam);
        if (exams.empty())
            return self->judge(decided);
        self->desk_.reader_.read_exams(std::move(exams), self->options(),
                                       [self, decided](error_code failed, const std::vector<Reading<MockExam>>& read) {
                                           for (const auto& reading : read)
                                               if (!failed && reading.failed())
                                                   failed = reading.error ? reading.error
                                                                          : make_error_code(Errc::unavailable);
                                           if (failed)
                                               return decided(failed, {});
                                           self->judge(decided);
                                       });
    });
}

void BookingAttempt::judge(const RecordWriter::Decided& decided) {
    reasons_->refused = objection();
    if (reasons_->refused)
        return decided(Errc::refused, {});
    decided({}, plan());
}

std::optional<BookingRefused> BookingAttempt::objection() const {
    using enum BookingRefusal;
    const auto& exam = facts_.exam.record;
    if (!facts_.exam.found())
        return BookingRefused{exam_not_found};
    if (!facts_.contact.found())
        return BookingRefused{contact_not_found};
    if (exam.is_active != "true" || !exam.exam_date || *exam.exam_date < desk_.calendar_.today(desk_.now_()))
        return BookingRefused{exam_not_active};
    const auto type = type_of(exam);
    if (!type || (order_.mock_type && order_.mock_type != type))
        return BookingRefused{invalid_exam_type};
    if (needs_dominant_hand(*type) && !order_.dominant_hand)
        return BookingRefused{dominant_hand_required};
    if (needs_attending_location(*type) && !order_.attending_location)
        return BookingRefused{attending_location_required};
    BookingRefused missing{prerequisite_not_met};
    if (type == MockType::mock_discussion)
        for (const auto& id : exam.prerequisite_exam_ids)
            if (!is_booked(id))
                missing.missing_exams.push_back(id);
    if (!missing.missing_exams.empty())
        return missing;
    if (!order_.by_admin && !paying_field(facts_.contact.record, *type))
        return BookingRefused{insufficient_credits};
    return std::nullopt;
}

bool BookingAttempt::is_booked(const std::string& exam_id) const {
    return std::any_of(facts_.bookings.begin(), facts_.bookings.end(), [&](const Booking& booking) {
        return booking.associated_mock_exam == exam_id && is_held(booking);
    });
}

std::string BookingAttempt::student() const {
    const auto& contact = facts_.contact.record;
    return contact.student_id && !contact.student_id->empty() ? *contact.student_id : contact.hubspot_id;
}

understudy::Plan BookingAttempt::plan() const {
    const auto& contact = facts_.contact.record;
    const auto& exam = facts_.exam.record;
    const auto type = *type_of(exam);
    Booked booked;
    booked.booking_id = std::string{service::name_of(type)} + "-" + student() + "-" + spelled(*exam.exam_date);
    booked.idempotency_key = order_.idempotency_key.empty() ? id_ : order_.idempotency_key;
    booked.exam_id = exam_id_;
    booked.mock_type = type;
    booked.exam_date = *exam.exam_date;
    booked.location = exam.location;
    understudy::Plan plan;
    if (!order_.by_admin) {
        const auto field = *paying_field(contact, type);
        const auto before = breakdown(contact, type);
        booked.payment = Payment{field, before, before};
        --(field == CreditField::shared_mock_credits ? booked.payment->after.shared : booked.payment->after.specific);
        Patch<ContactCredits> payment;
        Patch<ContactCredits> refund;
        set_balance(payment, field, balance(contact, field) - 1);
        set_balance(refund, field, balance(contact, field));
        plan.writes.push_back(
            desk_.writer_.change_contact(std::string{payment_write}, contact_id_, payment, std::optional{refund}));
    }

    Booking booking;
    booking.booking_id = booked.booking_id;
    booking.name = order_.name ? order_.name : contact.firstname;
    if (!order_.name && contact.firstname && contact.lastname)
        booking.name = *contact.firstname + " " + *contact.lastname;
    booking.email = contact.email;
    booking.token_used = std::string{booked.payment ? token_of(booked.payment->field) : override_token};
    booking.idempotency_key = undone_ == 0 ? id_ : id_ + "-" + std::to_string(undone_ + 1);
    booking.attending_location = order_.attending_location;
    booking.dominant_hand = order_.dominant_hand;
    booking.is_active = "Active";
    booking.associated_contact_id = contact_id_;
    booking.associated_mock_exam = exam_id_;

    plan.writes.insert(plan.writes.begin(), desk_.writer_.create_booking(std::string{booking_write}, booking));
    plan.followers.push_back(desk_.writer_.create_note("note",
                                                       note_of_booking(booking, student(), booked, desk_.now_()),
                                                       {{"booking_id", std::string{booking_write}}}));
    plan.context = context_of(booked);
    json::object reservation{{"exam", exam_id_},
                             {"contact", contact_id_},
                             {"student", student()},
                             {"mock_type", std::string{service::name_of(type)}},
                             {"date", understudy::format_date(*exam.exam_date)},
                             {"booking_id", booked.booking_id},
                             {"key", *booking.idempotency_key}};
    if (order_.by_admin && order_.by_admin->capacity)
        reservation["override_capacity"] = true;
    plan.reservation = json::serialize(reservation);
    return plan;
}

void BookingAttempt::on_report(error_code error, const understudy::OperationReport& report) {
    if (!error) {
        auto booked = booked_of(report);
        return answer(booked ? BookResult{std::move(*booked)} : BookResult{OutcomeUnknown{}});
    }
    if (error == Errc::different_request)
        return answer(BookingRefused{BookingRefusal::key_reused});
    if (error == Errc::reservation_refused) {
        if (report.cause == "EXAM_FULL")
            return answer(BookingRefused{BookingRefusal::exam_full});
        if (report.cause == "DUPLICATE_BOOKING")
            return answer(BookingRefused{BookingRefusal::duplicate_booking});
        // What it was decided upon changed meanwhile.
        return retry(Errc::contended);
    }
    if (report.repeated && report.state == understudy::OperationState::undone) {
        // It was sent and taken back, and its name is used up.
        ++undone_;
        return retry(Errc::refused);
    }
    if (error == Errc::record_merged) {
        if (!reasons_->survivor.empty())
            contact_id_ = reasons_->survivor;
        else if (const auto* payment = report.step(payment_write); payment && !payment->key.empty())
            contact_id_ = payment->key;
        undone_ += reasons_->survivor.empty();
        return retry(error);
    }
    if (reasons_->refused)
        return answer(*reasons_->refused);
    answer(trouble_of<BookResult>(error, BookingRefused{}));
}

void BookingAttempt::retry(error_code error) {
    if (++rounds_ > max_rounds || remaining().count() == 0)
        return answer(trouble_of<BookResult>(error, BookingRefused{}));
    read_facts(false, [self = shared_from_this()](error_code failed) {
        if (failed)
            return self->answer(trouble_of<BookResult>(failed, BookingRefused{}));
        self->carry_out();
    });
}

void BookingAttempt::answer(BookResult result) {
    std::exchange(handler_, {})(std::move(result));
}

} // namespace service
