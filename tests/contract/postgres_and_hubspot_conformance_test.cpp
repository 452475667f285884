#include "contract/conformance.hpp"
#include "contract/real_time.hpp"
#include "emulator_process.hpp"
#include "integration/hubspot/booking.hpp"
#include "integration/hubspot/contact.hpp"
#include "integration/postgres/database.hpp"
#include "integration/postgres/tables.hpp"

#include <understudy/hubspot/store.hpp>
#include <understudy/periodic_reconciler.hpp>
#include <understudy/postgres/journal.hpp>
#include <understudy/postgres/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/faulty_replica.hpp>
#include <understudy/testing/scripted_source.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;

BOOST_AUTO_TEST_SUITE(postgres_store)

using tests::ByEmail;

namespace {

// A schema of its own on the one server.
struct Schema {
    explicit Schema(const std::string& ddl = tests::customers_ddl) {
        static int count = 0;
        params.conninfo = tests::server().conninfo();
        params.schema = "t" + std::to_string(++count);
        tests::Session{params.conninfo}.run("CREATE SCHEMA " + params.schema + "; SET search_path = " + params.schema +
                                            ";" + ddl);
    }
    postgres::ConnectParams params;
};

struct PostgresReplica : Schema {
    using unique_index = ByEmail;

    auto& store() { return replica; }
    Customer record(int which, int variant) { return customer(which, variant); }
    std::string value(int which, int variant) { return *customer(which, variant).email; }
    Patch<Customer> patch(int which, int variant) { return tests::customer_patch(which, variant); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    tests::RealTime time;
    postgres::Store<Customer> replica{postgres::Pool{time.get_executor(), params}};
};

struct PostgresSets : Schema {
    using relation = tests::OrdersOfCustomer;
    using whole = tests::AllOrders;

    PostgresSets()
        : Schema{tests::orders_ddl} {}
    auto& store() { return replica; }
    tests::Order record(int which, int parent, int variant) { return tests::order(which, parent, variant); }
    std::string value(int parent) { return customer(parent).id; }
    Links<tests::Order> move_to(int parent) { return tests::order_of(parent); }
    Patch<tests::Order> change(int variant) { return tests::amount_patch(variant); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    tests::RealTime time;
    postgres::Store<tests::Order> replica{postgres::Pool{time.get_executor(), params}};
};

template<class R, R (*make)(int, int), const std::string& ddl>
struct PostgresPasses : Schema {
    PostgresPasses()
        : Schema{ddl} {}
    auto& store() { return replica; }
    R record(int which, int variant) { return make(which, variant); }
    void let_leases_lapse() {
        tests::Session{params.conninfo}.run("UPDATE " + params.schema +
                                            ".understudy_passes SET alive_until = clock_timestamp()");
    }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    tests::RealTime time;
    postgres::Store<R> replica{postgres::Pool{time.get_executor(), params}};
};
using PostgresNumbered = PostgresPasses<tests::Numbered, tests::numbered, tests::numbered_ddl>;
using PostgresTallies = PostgresPasses<tests::Tally, tests::tally, tests::tallies_ddl>;
using PostgresCustomers = PostgresPasses<Customer, customer, tests::customer_passes_ddl>;

struct PostgresJournal : Schema {
    PostgresJournal()
        : Schema{std::string{postgres::journal_ddl} +
                 "CREATE TABLE settled (what integer);"
                 "CREATE FUNCTION one_each(text[], text[]) RETURNS TABLE (id text, objection text) BEGIN ATOMIC "
                 "SELECT w.id, w.name || ' is taken' FROM ("
                 "SELECT u.id, u.name, row_number() OVER (PARTITION BY u.name ORDER BY u.n) AS place "
                 "FROM unnest($1, $2) WITH ORDINALITY AS u(id, name, n)) w WHERE w.place > 1 "
                 "OR EXISTS (SELECT FROM understudy_operations o WHERE o.reservation = w.name); END;"} {}
    postgres::Journal& journal() { return first; }
    postgres::Journal another_session() { return postgres::Journal{pool, with_reserve()}; }
    void let_lease_lapse() {
        tests::Session{params.conninfo}.run("UPDATE " + params.schema +
                                            ".understudy_sessions SET alive_until = clock_timestamp()");
    }
    postgres::Command settlement() { return statement("INSERT INTO " + params.schema + ".settled VALUES (1)"); }
    postgres::Command failing_settlement() { return statement("SELECT 1 / 0"); }
    int settled() {
        return std::stoi(tests::Session{params.conninfo}.value("SELECT count(*) FROM " + params.schema + ".settled"));
    }
    std::string reservation() { return "the only place"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    static postgres::JournalParams with_reserve() {
        postgres::JournalParams out;
        out.reserve = "one_each";
        return out;
    }
    static postgres::Command statement(const std::string& text) {
        return {std::make_shared<const postgres::Statement>(text)};
    }

    tests::RealTime time;
    postgres::Pool pool{time.get_executor(), params};
    postgres::Journal first{pool, with_reserve()};
};

using TestReplica = FaultyReplica<postgres::Store<Customer>>;
using TestSource = ScriptedSource<Customer, std::chrono::steady_clock>;

// A busy machine makes no look-up late.
ReadThroughParams patient() {
    ReadThroughParams params;
    params.lookup_timeout = std::chrono::seconds{60};
    return params;
}

// The cache over a real replica, in front of a source whose moments the test decides.
struct World : Schema {
    struct Result {
        boost::system::error_code error{};
        Reading<Customer> reading{};
        bool done = false;
    };

    std::shared_ptr<Result> start(const std::string& key) {
        auto result = std::make_shared<Result>();
        cache.async_get(key, {}, [result](boost::system::error_code error, Reading<Customer> reading) {
            *result = {error, std::move(reading), true};
        });
        return result;
    }
    Result get(const std::string& key) {
        const auto result = start(key);
        time.until([&] { return result->done; });
        return *result;
    }
    Row<Customer> row(const std::string& key) { return time.await(replica.inner().async_lookup({key})).rows.front(); }
    void hint(const std::string& key) { time.await(replica.inner().async_hint({key})); }
    void calls_under_way(std::size_t calls) {
        time.until([&] { return source.holding() == calls; });
    }

    tests::RealTime time;
    TestReplica replica{postgres::Store<Customer>{postgres::Pool{time.get_executor(), params}}};
    TestSource source{time.get_executor()};
    ReadThroughCache<TestReplica, TestSource> cache{replica, source, patient()};
};

constexpr Version same_stamp{1'700'000'000'001};

} // namespace

BOOST_DATA_TEST_CASE(postgres_store_is_a_replica, tests::cases_of<ReplicaConformance<PostgresReplica>>()) {
    tests::run_case<ReplicaConformance<PostgresReplica>, PostgresReplica>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_covers_sets, tests::cases_of<SetConformance<PostgresSets>>()) {
    tests::run_case<SetConformance<PostgresSets>, PostgresSets>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_shows_writes, tests::cases_of<SettleConformance<PostgresReplica>>()) {
    tests::run_case<SettleConformance<PostgresReplica>, PostgresReplica>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_keeps_sets_covered, tests::cases_of<SettleSetConformance<PostgresSets>>()) {
    tests::run_case<SettleSetConformance<PostgresSets>, PostgresSets>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_keeps_passes_of_numbers, tests::cases_of<PassConformance<PostgresNumbered>>()) {
    tests::run_case<PassConformance<PostgresNumbered>, PostgresNumbered>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_keeps_passes_of_integers, tests::cases_of<PassConformance<PostgresTallies>>()) {
    tests::run_case<PassConformance<PostgresTallies>, PostgresTallies>(sample);
}

BOOST_DATA_TEST_CASE(postgres_store_keeps_passes_of_texts, tests::cases_of<PassConformance<PostgresCustomers>>()) {
    tests::run_case<PassConformance<PostgresCustomers>, PostgresCustomers>(sample);
}

BOOST_DATA_TEST_CASE(postgres_journal_is_a_journal, tests::cases_of<JournalConformance<PostgresJournal>>()) {
    tests::run_case<JournalConformance<PostgresJournal>, PostgresJournal>(sample);
}

BOOST_DATA_TEST_CASE(postgres_journal_recovers, tests::cases_of<JournalRecoveryConformance<PostgresJournal>>()) {
    tests::run_case<JournalRecoveryConformance<PostgresJournal>, PostgresJournal>(sample);
}

BOOST_AUTO_TEST_SUITE(read_through_postgres)

BOOST_AUTO_TEST_CASE(a_cold_read_asks_once_and_a_warm_one_never) {
    World w;
    w.source.put(customer(1));
    BOOST_TEST(w.get("k1").reading.tier == 1);
    const auto warm = w.get("k1");
    BOOST_TEST((warm.reading.tier == 0 && warm.reading.record == customer(1)));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I12_many_readers_of_one_key_are_one_load_in_few_statements) {
    World w;
    w.source.put(customer(1));
    w.source.hold();
    std::vector<std::shared_ptr<World::Result>> readers;
    for (int i = 0; i < 400; ++i)
        readers.push_back(w.start("k1"));
    w.calls_under_way(1);
    w.source.release();
    w.time.until([&] { return std::all_of(readers.begin(), readers.end(), [](auto& r) { return r->done; }); });
    for (const auto& reader : readers)
        BOOST_TEST_REQUIRE((reader->reading.record == customer(1)));
    BOOST_TEST(w.source.calls().size() == 1U);
    BOOST_TEST(w.replica.inner().pool().stats().requests < 20U);
}

BOOST_AUTO_TEST_CASE(D1_a_populate_paused_between_its_read_and_its_apply_never_overwrites_a_later_write) {
    World w;
    w.source.put(customer(1, 2), same_stamp);
    w.replica.hold_applies();
    const auto reader = w.start("k1");
    w.time.until([&] { return w.replica.holding() == 1; });
    w.source.put(customer(1, 3), same_stamp);
    w.hint("k1");
    w.replica.release();
    w.time.until([&] { return reader->done; });
    BOOST_TEST((reader->reading.record == customer(1, 3)));
    BOOST_TEST((w.row("k1").record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(I1_two_nodes_load_one_key_and_the_load_that_began_later_counts) {
    World w;
    // A second node: a cache of its own over the same tables, with a connection of its own.
    TestReplica other_replica{postgres::Store<Customer>{postgres::Pool{w.time.get_executor(), w.params}}};
    ReadThroughCache<TestReplica, TestSource> other{other_replica, w.source, patient()};
    w.source.put(customer(1, 2), same_stamp);
    w.replica.hold_applies();
    const auto slow = w.start("k1");
    w.time.until([&] { return w.replica.holding() == 1; });
    w.source.put(customer(1, 3), same_stamp);
    const auto quick = w.time.await(other.async_get("k1"));
    BOOST_TEST((quick.record == customer(1, 3)));
    w.replica.release();
    w.time.until([&] { return slow->done; });
    BOOST_TEST((slow->reading.record == customer(1, 3)));
    BOOST_TEST((w.row("k1").record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(I7_I8_a_reader_after_a_write_joins_no_load_that_began_before_it) {
    World w;
    w.source.put(customer(1, 2), same_stamp);
    w.source.hold();
    const auto early = w.start("k1");
    w.calls_under_way(1);
    w.source.put(customer(1, 3), same_stamp);
    w.hint("k1");
    const auto late = w.start("k1");
    w.calls_under_way(2);
    w.source.release();
    w.time.until([&] { return early->done && late->done; });
    BOOST_TEST((late->reading.record == customer(1, 3)));
    BOOST_TEST((early->reading.record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(I2_D2_a_failed_or_incomplete_read_changes_no_column) {
    World w;
    w.source.put(customer(1, 2));
    w.get("k1");
    w.hint("k1");
    w.source.fail_key("k1", Errc::incomplete_record);
    const auto stale = w.get("k1");
    BOOST_TEST((stale.reading.stale && stale.reading.record == customer(1, 2)));
    BOOST_TEST((w.row("k1").record == customer(1, 2)));
}

BOOST_AUTO_TEST_CASE(D10_the_source_down_known_records_stay_and_unknown_ones_fail) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.source.fail_always(Errc::unavailable);
    BOOST_TEST(w.get("k1").reading.found());
    const auto unknown = w.get("k2");
    BOOST_TEST((unknown.error == Errc::unavailable && unknown.reading.failed()));
    BOOST_TEST((w.row("k2").state == State::unknown));
}

BOOST_AUTO_TEST_CASE(I5_a_tombstone_comes_from_a_by_id_answer_alone) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.source.put(customer(1, 3)); // the old address answers to nobody now
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("nobody@example.com")).absent());
    BOOST_TEST((w.row("k1").state == State::live));
    w.source.archive("k1");
    w.hint("k1");
    BOOST_TEST(w.get("k1").reading.absent());
    BOOST_TEST((w.row("k1").state == State::archived));
}

BOOST_AUTO_TEST_CASE(I15_a_noted_absence_ends_with_the_record) {
    World w;
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).absent());
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("C1V2@example.com")).absent());
    BOOST_TEST(w.source.calls().size() == 1U);
    w.source.put(customer(1));
    w.get("k1");
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).found());
}

BOOST_AUTO_TEST_CASE(I6_a_merged_id_leads_to_the_survivor) {
    World w;
    w.source.put(customer(3));
    w.source.merge("k1", "k2");
    w.source.merge("k2", "k3");
    BOOST_TEST((w.get("k1").reading.id == "k3"));
    const auto warm = w.get("k1");
    BOOST_TEST((warm.reading.id == "k3" && warm.reading.tier == 0));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

// A table, and a source that behaves as the real clock goes.
struct Reconciled : PostgresNumbered {
    using Source = ScriptedSource<tests::Numbered, std::chrono::steady_clock>;

    Reconciled() {
        source.set_page_length(20);
        for (int i = 0; i < 300; ++i)
            source.put(record_of(i, 1));
    }
    static tests::Numbered record_of(int which, int size) {
        return {std::to_string(90 + 3 * which), "r" + std::to_string(which), size};
    }
    static std::string key(int which) { return record_of(which, 1).id; }

    PassReport pass(PassKind kind) {
        PeriodicReconciler<Source, postgres::Store<tests::Numbered>> sync{source, replica};
        return time.await(sync.async_run_pass(kind));
    }
    Row<tests::Numbered> row(int which) {
        std::vector<std::string> keys(1, key(which));
        return time.await(replica.async_lookup(std::move(keys))).rows.front();
    }

    Source source{time.get_executor()};
};

} // namespace

BOOST_AUTO_TEST_CASE(I10_passes_bring_a_table_up_to_date_and_then_write_nothing) {
    Reconciled w;
    const auto first = w.pass(PassKind::full);
    BOOST_TEST((first.outcome == PassOutcome::completed), first.error.message());
    BOOST_TEST(first.changed == 300U);
    BOOST_TEST((w.row(299).record == w.record_of(299, 1)));

    w.source.put(w.record_of(7, 2));
    w.source.put(w.record_of(300, 1));
    w.source.archive(w.key(3)); // the first id of three digits, with neighbours of two
    w.source.merge(w.key(50), w.key(51));
    const auto incremental = w.pass(PassKind::incremental);
    BOOST_TEST(incremental.success(), incremental.error.message());
    BOOST_TEST((w.row(7).record == w.record_of(7, 2)));
    BOOST_TEST((w.row(300).record == w.record_of(300, 1)));
    BOOST_TEST((w.row(3).state == State::live)); // no index names what is gone

    const auto second = w.pass(PassKind::full);
    BOOST_TEST(second.success(), second.error.message());
    BOOST_TEST(second.deletes_done == 2U);
    BOOST_TEST((w.row(3).state == State::archived));
    BOOST_TEST((w.row(50).state == State::merged && w.row(50).merged_into == w.key(51)));

    tests::Session sql{w.params.conninfo};
    const auto drawn = [&] {
        return sql.value("SELECT count(*) || ' ' || max(ticket) FROM " + w.params.schema + ".numbered");
    };
    const auto before = drawn();
    const auto third = w.pass(PassKind::full);
    BOOST_TEST((third.success() && third.changed == 0U && third.deletes_wanted == 0U));
    BOOST_TEST(drawn() == before);
    BOOST_TEST(sql.value("SELECT count(*) FROM " + w.params.schema +
                         ".understudy_passes WHERE alive_until > clock_timestamp()") == "0");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_store)

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
    Links<Booking> links(int which) {
        const auto records = this->existing();
        const auto at = [&](int place) { return records[static_cast<std::size_t>(place) % records.size()]; };
        return Links<Booking>{}
            .set<&Booking::associated_contact_id>(at(which).associated_contact_id)
            .template set<&Booking::associated_mock_exam>(at(7 * which).associated_mock_exam);
    }
    Links<Booking> bad_links() { return links(2).template set<&Booking::associated_mock_exam>("299999999998"); }
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

BOOST_AUTO_TEST_SUITE_END()
