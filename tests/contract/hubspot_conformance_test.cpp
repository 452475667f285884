#include "contract/conformance.hpp"
#include "contract/real_time.hpp"
#include "emulator_process.hpp"
#include "integration/hubspot/booking.hpp"
#include "integration/hubspot/contact.hpp"

#include <understudy/hubspot/store.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::testing;

namespace {

constexpr int contacts = 250;
constexpr int bookings = 150;

emulator::Process& portal() {
    static emulator::Process process{{"--contacts", std::to_string(contacts), "--exams", "8", "--bookings",
                                      std::to_string(bookings), "--index-lag-ms", "0", "--index-lag-jitter-ms", "0",
                                      "--limit", "100000", "--searches", "100000"}};
    return process;
}

std::optional<std::string> text_of(const boost::json::value& value) {
    return value.is_string() ? std::optional<std::string>{value.get_string()} : std::nullopt;
}

std::optional<std::int32_t> number_of(const boost::json::value& value) {
    const auto text = text_of(value);
    return text && !text->empty() ? std::optional{std::stoi(*text)} : std::nullopt;
}

// What the portal itself says of its records, past the API.
std::vector<Contact> truth() {
    std::vector<Contact> records;
    for (int i = 1; i <= contacts; ++i) {
        const auto seeded = portal().control("GET", "seeded/contact/" + std::to_string(i));
        const std::string id{seeded.at("id").as_string()};
        const auto record = portal().control("GET", "records/0-1/" + id);
        const auto& properties = record.at("properties").as_object();
        const auto property = [&](const char* name) {
            const auto* value = properties.if_contains(name);
            return value ? *value : boost::json::value{};
        };
        Contact contact;
        contact.id = id;
        contact.student_id = text_of(property("student_id"));
        contact.email = text_of(property("email"));
        contact.more_emails = text_of(property("hs_additional_emails"));
        contact.sj_credits = number_of(property("sj_credits"));
        contact.shared_mock_credits = number_of(property("shared_mock_credits"));
        contact.ndecc_exam_date = text_of(property("ndecc_exam_date"));
        records.push_back(std::move(contact));
    }
    return records;
}

std::vector<Booking> true_bookings() {
    std::vector<Booking> records;
    for (int i = 1; i <= bookings; ++i) {
        const auto seeded = portal().control("GET", "seeded/booking/" + std::to_string(i));
        const std::string id{seeded.at("id").as_string()};
        const auto record = portal().control("GET", "records/2-50158943/" + id);
        const auto& properties = record.at("properties");
        Booking booking;
        booking.id = id;
        booking.booking_id = text_of(properties.at("booking_id"));
        booking.idempotency_key = text_of(properties.at("idempotency_key"));
        booking.name = text_of(properties.at("name"));
        booking.is_active = text_of(properties.at("is_active"));
        booking.associated_contact_id = text_of(seeded.at("contact_id"));
        booking.associated_mock_exam = text_of(seeded.at("exam_id"));
        records.push_back(std::move(booking));
    }
    return records;
}

hubspot::Params params_of(bool dated) {
    hubspot::Params params;
    params.access_token = "pat-na1-emulator";
    params.base_url = portal().url();
    params.api_version = dated ? "2026-09" : "v3";
    return params;
}

template<bool Dated>
struct HubspotSource {
    using unique_index = ByEmail;
    using searched_index = ByStudentId;

    HubspotSource() { source.emplace(hubspot::Client{time.get_executor(), params_of(Dated)}); }
    auto& store() { return *source; }
    std::vector<Contact> existing() {
        static const std::vector<Contact> records = truth();
        return records;
    }
    std::string missing_key() { return "299999999999"; }
    std::string value_of(const Contact& record) { return *record.email; }
    std::string missing_value() { return "nobody@example.com"; }
    std::string searched_value_of(const Contact& record) { return *record.student_id; }
    std::string missing_searched_value() { return "S999999"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    tests::RealTime time;
    std::optional<hubspot::Store<Contact>> source;
};

/// Records with links.
template<bool Dated>
struct LinkedSource {
    LinkedSource() { source.emplace(hubspot::Client{time.get_executor(), params_of(Dated)}); }
    auto& store() { return *source; }
    std::vector<Booking> existing() {
        static const std::vector<Booking> records = true_bookings();
        return records;
    }
    std::string missing_key() { return "299999999999"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    tests::RealTime time;
    std::optional<hubspot::Store<Booking>> source;
};

/// Records without links, in a portal of which everything else was forgotten.
template<bool Dated>
struct WrittenContacts : HubspotSource<Dated> {
    static constexpr bool keeps_operations = true;
    static constexpr bool has_unique = true;

    WrittenContacts() { portal().control("POST", "reset"); }
    ~WrittenContacts() { portal().control("POST", "reset"); }
    Patch<Contact> patch(int which) {
        Patch<Contact> patch;
        patch.set<&Contact::sj_credits>(100 + which);
        return patch;
    }
    Patch<Contact> bad_patch() { return patch(1).template set<&Contact::ndecc_exam_date>("no date"); }
    Contact fresh(int which) {
        Contact contact;
        contact.student_id = "F" + std::to_string(which);
        contact.email = "fresh" + std::to_string(which) + "@example.com";
        contact.sj_credits = which;
        return contact;
    }
    std::string merge(const std::string& loser) {
        const auto primary = key_of(this->existing()[9]);
        const auto merged =
            portal().control("POST", "merge", {{"type", "0-1"}, {"primary", primary}, {"other", loser}});
        return std::string{merged.at("id").as_string()};
    }
};

/// Records with links.
template<bool Dated>
struct WrittenBookings : LinkedSource<Dated> {
    static constexpr bool keeps_operations = true;
    static constexpr bool has_unique = true;

    WrittenBookings() { portal().control("POST", "reset"); }
    ~WrittenBookings() { portal().control("POST", "reset"); }
    Patch<Booking> patch(int which) {
        Patch<Booking> patch;
        patch.set<&Booking::name>("patched " + std::to_string(which));
        return patch;
    }
    Patch<Booking> bad_patch() { return patch(1).template set<&Booking::is_active>("no option"); }
    Booking fresh(int which) {
        Booking booking;
        booking.booking_id = booking.name = "fresh " + std::to_string(which);
        booking.idempotency_key = "key " + std::to_string(which);
        booking.is_active = "Active";
        booking.associated_contact_id = this->existing()[0].associated_contact_id;
        booking.associated_mock_exam = this->existing()[0].associated_mock_exam;
        return booking;
    }
};

} // namespace

BOOST_DATA_TEST_CASE(contacts_can_be_written_by_the_dated_api,
                     tests::cases_of<WriteConformance<WrittenContacts<true>>>()) {
    tests::run_case<WriteConformance<WrittenContacts<true>>, WrittenContacts<true>>(sample);
}

BOOST_DATA_TEST_CASE(contacts_can_be_written_by_v3, tests::cases_of<WriteConformance<WrittenContacts<false>>>()) {
    tests::run_case<WriteConformance<WrittenContacts<false>>, WrittenContacts<false>>(sample);
}

BOOST_DATA_TEST_CASE(bookings_can_be_written_by_the_dated_api,
                     tests::cases_of<WriteConformance<WrittenBookings<true>>>()) {
    tests::run_case<WriteConformance<WrittenBookings<true>>, WrittenBookings<true>>(sample);
}

BOOST_DATA_TEST_CASE(bookings_can_be_written_by_v3, tests::cases_of<WriteConformance<WrittenBookings<false>>>()) {
    tests::run_case<WriteConformance<WrittenBookings<false>>, WrittenBookings<false>>(sample);
}

BOOST_DATA_TEST_CASE(hubspot_store_is_a_source_by_the_dated_api,
                     tests::cases_of<SourceConformance<HubspotSource<true>>>()) {
    tests::run_case<SourceConformance<HubspotSource<true>>, HubspotSource<true>>(sample);
}

BOOST_DATA_TEST_CASE(hubspot_store_is_a_source_by_v3, tests::cases_of<SourceConformance<HubspotSource<false>>>()) {
    tests::run_case<SourceConformance<HubspotSource<false>>, HubspotSource<false>>(sample);
}

BOOST_DATA_TEST_CASE(records_with_links_are_a_source_by_the_dated_api,
                     tests::cases_of<SourceConformance<LinkedSource<true>>>()) {
    tests::run_case<SourceConformance<LinkedSource<true>>, LinkedSource<true>>(sample);
}

BOOST_DATA_TEST_CASE(records_with_links_are_a_source_by_v3, tests::cases_of<SourceConformance<LinkedSource<false>>>()) {
    tests::run_case<SourceConformance<LinkedSource<false>>, LinkedSource<false>>(sample);
}
