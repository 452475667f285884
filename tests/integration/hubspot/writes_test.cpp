#include "bench.hpp"
#include "booking.hpp"

#include <understudy/writable_source.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;

namespace understudy {

static std::ostream& operator<<(std::ostream& out, WriteState state) {
    constexpr const char* names[] = {"applied", "refused", "merged", "unsent", "unknown"};
    return out << names[static_cast<std::size_t>(state)];
}
static std::ostream& operator<<(std::ostream& out, Landed landed) {
    constexpr const char* names[] = {"yes", "no", "unknown"};
    return out << names[static_cast<std::size_t>(landed)];
}

} // namespace understudy

namespace {

using Texts = std::vector<std::string>;
using Contacts = hubspot::Store<Contact>;
using Bookings = hubspot::Store<Booking>;
using Json = boost::json::object;

static_assert(AssociatingSource<Bookings> && AssociatingSource<hubspot::Store<MockExam>>);
static_assert(WritableSource<Contacts> && WritableSource<Bookings> && WritableSource<hubspot::Store<MockExam>>);

Change<Contact> change(int number, std::string operation, int credits) {
    Change<Contact> change;
    change.key = id_of(number);
    change.operation = std::move(operation);
    change.patch.set<&Contact::sj_credits>(credits);
    return change;
}

Creation<Booking> booking(const std::string& name, int contact = 1, int exam = 1) {
    Creation<Booking> creation;
    creation.record.booking_id = name;
    creation.record.name = name;
    creation.record.idempotency_key = "key-" + name;
    creation.record.is_active = "Active";
    creation.record.associated_contact_id = id_of(contact);
    creation.record.associated_mock_exam = exam_of(exam);
    creation.operation = "op-" + name;
    return creation;
}

template<class R>
std::vector<WriteState> states(const std::vector<WriteOutcome<R>>& outcomes) {
    std::vector<WriteState> all;
    for (const auto& outcome : outcomes)
        all.push_back(outcome.state);
    return all;
}

struct Writer : Bench {
    Writer()
        : Bench{{"--contacts", "400", "--exams", "8", "--bookings", "3", "--index-lag-ms", "0", "--index-lag-jitter-ms",
                 "0", "--limit", "1000000"}} {}

    Contacts contacts() { return Contacts{client()}; }
    Bookings bookings() { return Bookings{client()}; }

    // The operation completes, with no error but what its outcomes say.
    template<class R>
    std::vector<WriteOutcome<R>> written(auto start) {
        emulator.control("POST", "counters/reset");
        auto [ec, outcomes] = run<std::vector<WriteOutcome<R>>>(start);
        BOOST_TEST(!ec);
        return std::move(outcomes);
    }
    auto update(Contacts store, std::vector<Change<Contact>> changes, WriteOptions options = {}) {
        return written<Contact>(
            [&](auto handler) { store.async_update(std::move(changes), options, std::move(handler)); });
    }
    auto create(Bookings store, std::vector<Creation<Booking>> creations, WriteOptions options = {}) {
        return written<Booking>(
            [&](auto handler) { store.async_create(std::move(creations), options, std::move(handler)); });
    }
    auto move(Bookings store, const Texts& bookings, int exam) {
        std::vector<Relinking<Booking>> relinkings;
        for (const auto& id : bookings)
            relinkings.push_back({id, Links<Booking>{}.set<&Booking::associated_mock_exam>(exam_of(exam))});
        return written<Booking>(
            [&](auto handler) { store.async_associate(std::move(relinkings), {}, std::move(handler)); });
    }
    template<class R>
    auto archive(hubspot::Store<R> store, Texts keys) {
        return written<R>([&](auto handler) { store.async_archive(std::move(keys), {}, std::move(handler)); });
    }
    std::vector<Landed> find(Contacts store, std::vector<SentOperation<Contact>> sent) {
        return std::get<1>(run<std::vector<Landed>>(
            [&](auto handler) { store.async_find_operations(std::move(sent), {}, std::move(handler)); }));
    }

    // What the portal itself says, past the API.
    std::string held(const std::string& id, const char* property, const char* type = "0-1") {
        const auto record = emulator.control("GET", std::string{"records/"} + type + "/" + id);
        const auto* value = record.at("properties").as_object().if_contains(property);
        return value && value->is_string() ? std::string{value->get_string()} : std::string{};
    }
    std::string state_of(const std::string& id, const char* type = "0-1") {
        const auto record = emulator.control("GET", std::string{"records/"} + type + "/" + id);
        return std::string{record.at("state").as_string()};
    }
    std::int64_t all_calls() { return emulator.counters().at("calls").to_number<std::int64_t>(); }

    // How often each of the records was written.
    std::map<std::string, std::size_t> times_written(const Texts& ids) {
        std::map<std::string, std::size_t> times;
        auto asking = client();
        for (std::size_t at = 0; at < ids.size(); at += 50) {
            const Texts inputs(ids.begin() + static_cast<std::ptrdiff_t>(at),
                               ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + 50, ids.size())));
            hubspot::ReadQuery query;
            query.history_of = "understudy_operation";
            const auto [ec, answer] = run<hubspot::BatchAnswer>(
                [&](auto handler) { asking.async_batch_read("0-1", inputs, query, 5s, std::move(handler)); });
            BOOST_REQUIRE(!ec);
            for (const auto& object : answer.objects)
                times[object.id] = object.history.at("understudy_operation").size();
        }
        return times;
    }
};

const char* const versions[] = {"2026-09", "v3"};

} // namespace

BOOST_AUTO_TEST_SUITE(hubspot_writes)

BOOST_AUTO_TEST_CASE(updates_write_what_their_patches_say_and_leave_their_names) {
    Writer portal;
    for (const std::string version : versions)
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            auto changes = std::vector{change(1, version + "a", 5), change(2, version + "b", 6)};
            changes[1].patch.set<&Contact::ndecc_exam_date>(std::nullopt);
            const auto before = portal.held(id_of(1), "ndecc_exam_date");
            const auto outcomes = portal.update(portal.contacts(), changes);
            BOOST_TEST(portal.all_calls() == 1);
            BOOST_REQUIRE(outcomes.size() == 2u);
            for (std::size_t i = 0; i < 2; ++i) {
                BOOST_TEST(outcomes[i].applied());
                BOOST_TEST(outcomes[i].id == changes[i].key);
                BOOST_TEST((outcomes[i].version != no_version));
                BOOST_TEST(portal.held(changes[i].key, "understudy_operation") == changes[i].operation);
            }
            BOOST_TEST(portal.held(id_of(1), "sj_credits") == "5");
            BOOST_TEST(portal.held(id_of(1), "ndecc_exam_date") == before);
            BOOST_TEST(portal.held(id_of(2), "sj_credits") == "6");
            BOOST_TEST(portal.held(id_of(2), "ndecc_exam_date").empty());

            const auto found = portal.find(
                portal.contacts(),
                {{id_of(1), version + "a"}, {id_of(1), version + "b"}, {id_of(3), version + "a"}, {"1", "x"}});
            BOOST_TEST(found == (std::vector{Landed::yes, Landed::no, Landed::no, Landed::no}),
                       boost::test_tools::per_element());
        }
    BOOST_TEST(portal.details.empty());
}

BOOST_AUTO_TEST_CASE(a_hundred_bookings_move_in_six_calls_and_what_failed_can_be_done_again) {
    Writer portal;
    for (const std::string version : versions)
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            std::vector<Creation<Booking>> creations;
            for (int i = 1; i <= 100; ++i)
                creations.push_back(booking(version + " " + std::to_string(i), i, 1));
            Texts ids;
            for (const auto& outcome : portal.create(portal.bookings(), creations))
                ids.push_back(outcome.id);
            const auto moved = portal.move(portal.bookings(), ids, 2);
            BOOST_TEST(std::ranges::all_of(moved, &WriteOutcome<Booking>::applied));
            BOOST_TEST(portal.all_calls() == 6);
            // Neither a request that was limited nor one whose answer was lost is taken for what it is not.
            portal.emulator.fault(
                {{"action", "status"}, {"status", 429}, {"kind", "association_batch_create"}, {"times", 1}});
            for (const auto& outcome : portal.move(portal.bookings(), ids, 3))
                BOOST_TEST(outcome.state == WriteState::unsent);
            portal.emulator.fault(
                {{"action", "reset"}, {"when", "after"}, {"kind", "association_batch_create"}, {"times", 1}});
            for (const auto& outcome : portal.move(portal.bookings(), ids, 3))
                BOOST_TEST(outcome.state == WriteState::unknown);
            BOOST_TEST(std::ranges::all_of(portal.move(portal.bookings(), ids, 3), &WriteOutcome<Booking>::applied));
            auto store = portal.bookings();
            const auto [ec, readings] =
                portal.run<std::vector<Reading<Booking>>>([&](auto handler) { store.async_fetch(ids, {}, handler); });
            BOOST_TEST(!ec);
            for (std::size_t i = 0; i < ids.size(); ++i) {
                BOOST_TEST((readings[i].record.associated_mock_exam == exam_of(3)));
                BOOST_TEST((readings[i].record.associated_contact_id == creations[i].record.associated_contact_id));
            }
        }
}

BOOST_AUTO_TEST_CASE(creations_take_their_links_with_them) {
    Writer portal;
    for (const std::string version : versions)
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            std::vector<Creation<Booking>> creations;
            for (int i = 1; i <= 100; ++i)
                creations.push_back(booking(version + "-" + std::to_string(i), i, 1 + i % 8));
            const auto outcomes = portal.create(portal.bookings(), creations);
            BOOST_TEST(portal.all_calls() == 1);
            Texts ids;
            for (const auto& outcome : outcomes) {
                BOOST_TEST(outcome.applied());
                ids.push_back(outcome.id);
            }
            auto store = portal.bookings();
            const auto [ec, readings] = portal.run<std::vector<Reading<Booking>>>(
                [&](auto handler) { store.async_fetch(ids, {}, std::move(handler)); });
            BOOST_REQUIRE(!ec);
            for (std::size_t i = 0; i < ids.size(); ++i) {
                creations[i].record.id = ids[i];
                BOOST_TEST(readings[i].found());
                BOOST_TEST((readings[i].record == creations[i].record));
                BOOST_TEST(portal.held(ids[i], "understudy_operation", booking_type) == creations[i].operation);
            }
        }
}

BOOST_AUTO_TEST_CASE(archived_records_are_gone_and_still_know_their_writes) {
    Writer portal;
    portal.update(portal.contacts(), {change(1, "before", 5)});
    const auto outcomes = portal.archive(portal.contacts(), {id_of(1), "no id", id_of(2)});
    BOOST_TEST(portal.all_calls() == 1);
    BOOST_TEST(states(outcomes) == (std::vector{WriteState::applied, WriteState::refused, WriteState::applied}),
               boost::test_tools::per_element());
    BOOST_TEST(portal.state_of(id_of(1)) == "archived");
    BOOST_TEST(portal.state_of(id_of(2)) == "archived");
    const auto found = portal.find(portal.contacts(), {{id_of(1), "before"}, {id_of(2), "before"}});
    BOOST_TEST(found == (std::vector{Landed::yes, Landed::no}), boost::test_tools::per_element());
    // Writing to one is refused by name.
    const auto refused = portal.update(portal.contacts(), {change(3, "a", 1), change(1, "b", 2)});
    BOOST_TEST(refused[0].applied());
    BOOST_TEST(refused[1].state == WriteState::refused);
    BOOST_TEST(portal.all_calls() == 1);
}

BOOST_AUTO_TEST_CASE(one_bad_row_of_a_hundred_refuses_itself_alone) {
    Writer portal;
    for (const std::string version : versions)
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            std::vector<Change<Contact>> changes;
            for (int i = 1; i <= 100; ++i)
                changes.push_back(change(i, version + std::to_string(i), i));
            changes[40].patch.set<&Contact::ndecc_exam_date>("no date");
            auto outcomes = portal.update(portal.contacts(), changes);
            BOOST_TEST(portal.all_calls() == 1);
            BOOST_TEST(std::ranges::count(states(outcomes), WriteState::applied) == 99);
            BOOST_TEST(outcomes[40].state == WriteState::refused);
            BOOST_TEST(bool(outcomes[40].error == Condition::refused));

            // A server that refuses the whole batch for it.
            portal.emulator.fault({{"action", "status"},
                                   {"kind", "batch_create"},
                                   {"body_contains", "bad-" + version},
                                   {"status", 400},
                                   {"body", R"({"status":"error","message":"no","category":"VALIDATION_ERROR"})"}});
            std::vector<Creation<Booking>> creations;
            for (int i = 1; i <= 100; ++i)
                creations.push_back(booking((i == 70 ? "bad-" : "good-") + version + std::to_string(i), i));
            const auto made = portal.create(portal.bookings(), creations);
            BOOST_TEST(std::ranges::count(states(made), WriteState::applied) == 99);
            BOOST_TEST(made[69].state == WriteState::refused);
            BOOST_TEST_MESSAGE("one bad row of a hundred: " << portal.all_calls() << " calls");
            BOOST_TEST(portal.all_calls() <= 15);
            BOOST_TEST(portal.all_calls() >= 13);
            // Each of the others was made once: its key is taken, by the record that the outcome named.
            creations.erase(creations.begin() + 69);
            const auto again = portal.create(portal.bookings(), creations);
            for (std::size_t i = 0; i < again.size(); ++i) {
                BOOST_TEST(again[i].state == WriteState::refused);
                BOOST_TEST(again[i].id == made[i < 69 ? i : i + 1].id);
            }
            portal.emulator.clear_faults();
        }
    // Each update was made once as well.
    Texts ids;
    for (int i = 1; i <= 100; ++i)
        ids.push_back(id_of(i));
    for (const auto& [id, times] : portal.times_written(ids))
        BOOST_TEST(times == (id == id_of(41) ? 0u : 2u), id);
}

BOOST_AUTO_TEST_CASE(a_unique_value_that_is_taken_names_its_holder) {
    Writer portal;
    const auto first = portal.create(portal.bookings(), {booking("one")});
    BOOST_REQUIRE(first[0].applied());
    // Alone, among others, and twice in one batch.
    auto again = portal.create(portal.bookings(), {booking("one")});
    BOOST_TEST(again[0].state == WriteState::refused);
    BOOST_TEST(bool(again[0].error == Errc::conflict));
    BOOST_TEST(again[0].id == first[0].id);
    again = portal.create(portal.bookings(), {booking("two"), booking("one"), booking("three"), booking("three")});
    BOOST_TEST(portal.all_calls() == 1);
    BOOST_TEST(states(again) ==
                   (std::vector{WriteState::applied, WriteState::refused, WriteState::applied, WriteState::refused}),
               boost::test_tools::per_element());
    BOOST_TEST(again[1].id == first[0].id);

    // A contact's address has a text of its own, and so has a whole call that is refused for it.
    Creation<Contact> contact;
    contact.record.email = email_of(7);
    contact.operation = "contact";
    auto store = portal.contacts();
    const auto create = [&] {
        return portal.written<Contact>([&](auto handler) { store.async_create({contact}, {}, std::move(handler)); })[0];
    };
    BOOST_TEST(create().id == id_of(7));
    portal.emulator.fault(
        {{"action", "status"},
         {"status", 409},
         {"body", R"({"category":"CONFLICT","message":"Contact already exists. Existing ID: 6001"})"}});
    const auto refused = create();
    BOOST_TEST(refused.state == WriteState::refused);
    BOOST_TEST(bool(refused.error == Errc::conflict));
    BOOST_TEST(refused.id == "6001");
}

BOOST_AUTO_TEST_CASE(a_record_that_was_merged_away_names_its_survivor) {
    Writer portal;
    for (const bool keeps_id : {false, true})
        for (const std::string version : versions)
            BOOST_TEST_CONTEXT(version << " " << keeps_id) {
                static int next = 0;
                const int loser = 10 * ++next;
                portal.params.api_version = version;
                portal.emulator.change({{"preserve_primary_id", keeps_id}});
                const auto merged = portal.emulator.control(
                    "POST", "merge", {{"type", "0-1"}, {"primary", id_of(loser + 1)}, {"other", id_of(loser)}});
                const std::string survivor{merged.at("id").as_string()};
                const auto before = portal.held(survivor, "sj_credits");
                const auto outcomes =
                    portal.update(portal.contacts(), {change(loser + 2, version, 3), change(loser, version, 77)});
                BOOST_TEST(outcomes[0].applied());
                BOOST_TEST(outcomes[1].state == WriteState::merged);
                BOOST_TEST(outcomes[1].id == survivor);
                BOOST_TEST(portal.held(survivor, "sj_credits") == before);
                BOOST_TEST(portal.all_calls() == 2);
                BOOST_TEST(portal.find(portal.contacts(), {{id_of(loser), version}})[0] == Landed::unknown);
            }
}

BOOST_AUTO_TEST_CASE(a_row_that_the_answer_leaves_out_is_read) {
    Writer portal;
    for (const std::string version : versions) {
        portal.params.api_version = version;
        portal.emulator.fault(
            {{"action", "drop_results"}, {"kind", {"batch_update", "batch_create"}}, {"count", 60}, {"times", 1}});
        std::vector<Change<Contact>> changes;
        for (int i = 1; i <= 100; ++i)
            changes.push_back(change(i, version + std::to_string(i), i));
        const auto outcomes = portal.update(portal.contacts(), changes);
        BOOST_TEST(std::ranges::count(states(outcomes), WriteState::applied) == 100);
        BOOST_TEST(portal.all_calls() == 1 + 2);
    }
    // There is nothing to ask about a creation.
    portal.emulator.fault({{"action", "drop_results"}, {"count", 1}, {"times", 1}});
    const auto made = portal.create(portal.bookings(), {booking("a"), booking("b")});
    BOOST_TEST(std::ranges::count(states(made), WriteState::applied) == 1);
    BOOST_TEST(std::ranges::count(states(made), WriteState::unknown) == 1);
}

BOOST_AUTO_TEST_CASE(every_failure_says_what_is_known_of_the_write) {
    Writer portal;
    struct Row {
        Json fault;
        WriteState state;
        bool effect;
    };
    std::vector<Row> table{
        {{{"action", "timeout"}, {"when", "before"}}, WriteState::unknown, false},
        {{{"action", "timeout"}, {"when", "after"}}, WriteState::unknown, true},
        {{{"action", "reset"}, {"when", "before"}}, WriteState::unknown, false},
        {{{"action", "reset"}, {"when", "after"}}, WriteState::unknown, true},
        {{{"action", "hold"}, {"when", "before"}}, WriteState::unknown, false},
        {{{"action", "hold"}, {"when", "after"}}, WriteState::unknown, true},
        {{{"action", "half_answer"}}, WriteState::unknown, true},
        {{{"action", "drop_results"}, {"count", 5}}, WriteState::applied, true},
        {{{"action", "drop_properties"}, {"properties", {"sj_credits"}}}, WriteState::applied, true},
        {{{"action", "stale"}}, WriteState::applied, true},
        {{{"action", "latency"}, {"latency_ms", 20}}, WriteState::applied, true},
        {{{"action", "expired_token"}}, WriteState::unsent, false},
        {{{"action", "no_credentials"}}, WriteState::unsent, false},
        {{{"action", "missing_scope"}}, WriteState::unsent, false},
    };
    for (const auto* policy : {"ten_secondly_rolling", "search", "daily"})
        table.push_back({{{"action", "rate_limit"}, {"policy", policy}}, WriteState::unsent, false});
    const auto status = [&](int number, WriteState state, const char* body = nullptr) {
        Json fault{{"action", "status"}, {"status", number}};
        if (body)
            fault["body"] = body;
        table.push_back({fault, state, false});
    };
    for (const int number : {401, 403, 405, 413, 414, 423, 429, 477, 530})
        status(number, WriteState::unsent);
    for (const int number : {400, 404, 409, 410, 422})
        status(number, WriteState::refused);
    for (const int number : {400, 404, 409, 410, 422})
        status(number, WriteState::unknown, "<html>no</html>");
    // These say nothing of whether it took effect, and some of them come although it did.
    for (const int number : {200, 408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 599})
        for (const bool effect : {false, true}) {
            Json fault{{"action", "status"}, {"status", number}};
            if (number == 200)
                fault["body"] = "<html>welcome</html>";
            if (effect)
                fault["when"] = "after";
            table.push_back({fault, WriteState::unknown, effect});
        }
    status(200, WriteState::unknown, "{}");
    status(207, WriteState::unknown, R"({"results":[{"id":1}]})");
    status(302, WriteState::unknown);

    auto contacts = portal.contacts();
    auto bookings = portal.bookings();
    int row_number = 0;
    for (auto& [fault, state, effect] : table) {
        ++row_number;
        const auto action = boost::json::serialize(fault);
        // Short enough not to wait for, long enough for any other answer.
        WriteOptions options;
        const std::string name{fault.at("action").as_string()};
        if (name == "timeout" || name == "hold")
            options.timeout = 150ms;
        const auto operation = "row-" + std::to_string(row_number);
        BOOST_TEST_CONTEXT(action) {
            fault["kind"] = "batch_update";
            portal.emulator.fault(fault);
            const auto outcomes = portal.update(
                contacts, {change(1, operation, row_number), change(2, operation + "-2", row_number)}, options);
            const auto writes = portal.calls("batch_update");
            portal.emulator.clear_faults();
            portal.emulator.control("POST", "release");
            BOOST_TEST(states(outcomes) == (std::vector{2, state}), boost::test_tools::per_element());
            // A refusal is divided; whatever may have taken effect is not sent again.
            BOOST_TEST(writes == (state == WriteState::refused ? 3 : 1));
            if (name == "hold") // lands late
                for (int look = 0; look < 10'000 && portal.held(id_of(1), "understudy_operation") != operation;)
                    ++look;
            else
                BOOST_TEST((portal.held(id_of(1), "sj_credits") == std::to_string(row_number)) == effect);
            if (state == WriteState::unsent || state == WriteState::refused)
                BOOST_TEST(!effect);
            const auto landed = portal.find(contacts, {{id_of(1), operation}, {id_of(2), operation + "-2"}});
            for (const auto each : landed)
                BOOST_TEST(each == (effect || name == "hold" ? Landed::yes : Landed::no));
        }
        if (name == "drop_results" || name == "hold")
            continue;
        BOOST_TEST_CONTEXT("create " << action) {
            fault["kind"] = "batch_create";
            portal.emulator.fault(fault);
            const auto outcomes = portal.create(bookings, {booking(operation)}, options);
            BOOST_TEST(portal.calls("batch_create") == 1);
            portal.emulator.clear_faults();
            BOOST_TEST(outcomes[0].state == state);
            // The unique key tells.
            const auto again = portal.create(bookings, {booking(operation)});
            BOOST_TEST(again[0].state == (effect ? WriteState::refused : WriteState::applied));
            BOOST_TEST(!again[0].id.empty());
        }
        BOOST_TEST_CONTEXT("archive " << action) {
            const auto id = id_of(100 + row_number);
            fault["kind"] = "batch_archive";
            portal.emulator.fault(fault);
            const auto outcomes = portal.written<Contact>(
                [&](auto handler) { contacts.async_archive({id}, options, std::move(handler)); });
            portal.emulator.clear_faults();
            // It has no body that could break off.
            if (name == "half_answer")
                continue;
            BOOST_TEST(outcomes[0].state == state);
            BOOST_TEST((portal.state_of(id) == "archived") == effect);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_not_sent) {
    Writer portal;
    // Nobody listens.
    auto params = portal.params;
    params.base_url = "http://127.0.0.1:1";
    auto outcomes = portal.update(Contacts{hubspot::Client{portal.io.get_executor(), params}},
                                  {change(1, "a", 1), change(2, "b", 2)});
    BOOST_TEST(states(outcomes) == (std::vector{2, WriteState::unsent}), boost::test_tools::per_element());

    // No time is left.
    WriteOptions options;
    options.timeout = 0ms;
    outcomes = portal.update(portal.contacts(), {change(1, "a", 1)}, options);
    BOOST_TEST(outcomes[0].state == WriteState::unsent);
    BOOST_TEST(portal.all_calls() == 0);

    // No permit for the second call.
    for (const auto refusal : {Errc::rate_limited, Errc::timed_out}) {
        std::size_t asked = 0;
        portal.params.permit = [&](RateBucket, const ReadOptions& how, const std::function<void(error_code)>& answer) {
            BOOST_TEST((how.priority == Priority::write));
            ++asked;
            answer(refusal);
        };
        std::vector<Change<Contact>> changes;
        for (int i = 1; i <= 101; ++i)
            changes.push_back(change(i, "c", 50 + i));
        outcomes = portal.update(portal.contacts(), changes);
        BOOST_TEST(asked == 1u);
        BOOST_TEST(portal.all_calls() == 1);
        BOOST_TEST(outcomes[99].applied());
        BOOST_TEST(outcomes[100].state == WriteState::unsent);
    }
    BOOST_TEST(portal.held(id_of(101), "understudy_operation").empty());
}

BOOST_AUTO_TEST_CASE(a_write_that_waited_too_long_for_a_connection_is_not_sent) {
    Writer portal;
    portal.params.max_connections = 1;
    auto client = portal.client();
    Contacts store{client};
    portal.emulator.fault({{"action", "hold"}, {"times", 1}});
    std::vector<WriteOutcome<Contact>> first;
    std::vector<WriteOutcome<Contact>> second;
    auto deadline = std::chrono::steady_clock::time_point::max();
    // The second gets the connection in time, but its turn only when its time is up.
    store.async_update({change(1, "first", 1)}, {}, [&](error_code, auto outcomes) {
        first = std::move(outcomes);
        std::this_thread::sleep_until(deadline);
    });
    portal.io.restart();
    while (portal.emulator.counters().at("held").to_number<int>() == 0)
        portal.io.poll();
    WriteOptions options;
    options.timeout = 300ms;
    store.async_update({change(2, "second", 2)}, options,
                       [&](error_code, auto outcomes) { second = std::move(outcomes); });
    deadline = std::chrono::steady_clock::now() + options.timeout;
    portal.io.poll();
    portal.emulator.control("POST", "release");
    while (first.empty() || second.empty())
        portal.io.run_one();
    BOOST_TEST(first[0].applied());
    BOOST_TEST(second[0].state == WriteState::unsent);
    BOOST_TEST(portal.calls("batch_update") == 1);
    BOOST_TEST(portal.held(id_of(2), "understudy_operation").empty());
}

BOOST_AUTO_TEST_CASE(a_cancelled_write_says_so_and_may_have_taken_effect) {
    Writer portal;
    auto store = portal.contacts();
    portal.emulator.fault({{"action", "hold"}, {"when", "after"}, {"times", 1}});
    boost::asio::cancellation_signal signal;
    error_code error;
    bool done = false;
    store.async_update({change(1, "a", 1)}, {},
                       boost::asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, const auto& outcomes) {
                           error = ec;
                           done = true;
                           BOOST_TEST(outcomes.empty());
                       }));
    portal.io.restart();
    while (portal.emulator.counters().at("held").to_number<int>() == 0)
        portal.io.poll();
    signal.emit(boost::asio::cancellation_type::total);
    while (!done)
        portal.io.run_one();
    BOOST_TEST(error == error_code{boost::asio::error::operation_aborted});
    BOOST_TEST(portal.find(store, {{id_of(1), "a"}})[0] == Landed::yes);
}

BOOST_AUTO_TEST_CASE(the_property_of_the_writes_is_checked_at_the_start) {
    Writer portal;
    portal.emulator.control("DELETE", "properties/0-1/understudy_operation");
    auto store = portal.contacts();
    const auto [ec, missing] =
        portal.run<Texts>([&](auto handler) { store.async_check_properties(5s, std::move(handler)); });
    BOOST_TEST(ec == error_code{Errc::schema_mismatch});
    BOOST_TEST(missing == Texts{"understudy_operation"});
    // Without it writes are refused, and nothing is known of earlier ones.
    const auto outcomes = portal.update(store, {change(1, "a", 1), change(2, "b", 2)});
    BOOST_TEST(states(outcomes) == (std::vector{2, WriteState::refused}), boost::test_tools::per_element());
    BOOST_TEST(portal.find(store, {{id_of(1), "a"}})[0] == Landed::unknown);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_client)

BOOST_AUTO_TEST_CASE(all_calls_in_both_versions) {
    Bench bench;
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            bench.params.api_version = version;
            auto client = bench.client();
            const auto [account_ec, account] =
                bench.run<hubspot::Account>([&](auto handler) { client.async_account(5s, handler); });
            BOOST_TEST(!account_ec);
            BOOST_TEST(account.portal_id == 20858235);

            hubspot::ReadQuery query{{"email"}, {}};
            const auto [read_ec, object] = bench.run<std::optional<hubspot::Object>>(
                [&](auto handler) { client.async_read("0-1", id_of(2), query, 5s, handler); });
            BOOST_TEST(!read_ec);
            BOOST_TEST(object.value().properties.at("email").as_string() == email_of(2));
            query.id_property = "email";
            const auto [by_email_ec, by_email] = bench.run<std::optional<hubspot::Object>>(
                [&](auto handler) { client.async_read("0-1", email_of(3), query, 5s, handler); });
            BOOST_TEST(!by_email_ec);
            BOOST_TEST(by_email.value().id == id_of(3));
            for (const auto* nobody : {"nobody@example.com", "a/b?c"}) {
                const auto [none_ec, none] = bench.run<std::optional<hubspot::Object>>(
                    [&](auto handler) { client.async_read("0-1", nobody, query, 5s, handler); });
                BOOST_TEST(!none_ec);
                BOOST_TEST(!none);
            }

            hubspot::ListQuery list{{"email"}, 100, {}};
            std::size_t listed = 0;
            for (int pages = 0; pages < 10; ++pages) {
                const auto [ec, page] =
                    bench.run<hubspot::Page>([&](auto handler) { client.async_list("0-1", list, 5s, handler); });
                BOOST_REQUIRE(!ec);
                listed += page.objects.size();
                if (!page.after)
                    break;
                list.after = *page.after;
            }
            BOOST_TEST(listed == 400u);

            const auto [to_contact_ec, to_contact] = bench.run<std::optional<hubspot::Associations>>(
                [&](auto handler) { client.async_associations("2-50158943", id_of(5), "0-1", "", 5s, handler); });
            BOOST_TEST(!to_contact_ec);
            BOOST_REQUIRE(to_contact.value().to.size() == 1);
            BOOST_TEST(to_contact->to[0].to_id == id_of(5));
            BOOST_TEST(to_contact->to[0].types.at(0).type_id == 1277);
            const auto [nobody_ec, nobody] = bench.run<std::optional<hubspot::Associations>>(
                [&](auto handler) { client.async_associations("2-50158943", "1", "0-1", "", 5s, handler); });
            BOOST_TEST(!nobody_ec);
            BOOST_TEST(!nobody);
            const auto [batch_ec, batch] = bench.run<hubspot::AssociationsAnswer>([&](auto handler) {
                client.async_batch_associations("2-50158943", "0-1", {id_of(5), id_of(6)}, 5s, handler);
            });
            BOOST_TEST(!batch_ec);
            BOOST_TEST(batch.results.size() == 2u);

            const auto [unknown_ec, unknown] = bench.run<std::vector<hubspot::PropertyDefinition>>(
                [&](auto handler) { client.async_properties("2-1", 5s, handler); });
            BOOST_TEST(unknown_ec.failed());
            BOOST_TEST(bool(unknown_ec != Condition::retryable));
        }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_tls)

namespace {

std::string reason_of_refusal(Bench& bench) {
    const auto ec = std::get<0>(bench.fetch(bench.store(), {id_of(1)}));
    BOOST_TEST(ec == error_code{Errc::unavailable});
    BOOST_REQUIRE(!bench.details.empty());
    BOOST_TEST(bench.calls("batch_read") == 0);
    return bench.details.back().reason;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_certificate_that_is_trusted) {
    Bench bench{small, true};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    auto store = bench.store();
    for (int i = 1; i <= 3; ++i)
        BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(i)})).at(0).found());
    bench.emulator.fault({{"action", "half_answer"}, {"times", 1}});
    BOOST_TEST(std::get<0>(bench.fetch(store, {id_of(1)})) == error_code{Errc::unavailable});
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());
    // A kept connection that breaks is replaced.
    bench.emulator.fault({{"action", "reset"}, {"times", 1}});
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());

    bench.params.base_url = "https://localhost:" + std::to_string(bench.emulator.tls_port());
    BOOST_TEST(std::get<1>(bench.fetch(bench.store(), {id_of(1)})).at(0).found());
}

BOOST_AUTO_TEST_CASE(a_certificate_of_an_unknown_authority) {
    Bench bench{small, true};
    bench.params.base_url = bench.emulator.tls_url();
    const auto reason = reason_of_refusal(bench);
    BOOST_TEST(reason.find("securing") != std::string::npos);
    BOOST_TEST(reason.find("self-signed certificate") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_expired) {
    auto options = small;
    options.push_back("--tls-expired");
    Bench bench{options, true};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    BOOST_TEST(reason_of_refusal(bench).find("certificate has expired") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_host) {
    Bench bench{small, true, "127.0.0.2"};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    BOOST_TEST(reason_of_refusal(bench).find("IP address mismatch") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_no_tls) {
    Bench bench;
    bench.params.base_url.insert(4, "s");
    BOOST_TEST(reason_of_refusal(bench).find("securing") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
