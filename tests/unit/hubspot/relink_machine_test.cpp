#include "exam.hpp"
#include "machine_steps.hpp"
#include "small_portal.hpp"

#include <understudy/hubspot/detail/parse.hpp>
#include <understudy/hubspot/detail/write_rows.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace inside = understudy::hubspot::detail;
using Texts = std::vector<std::string>;

namespace {

Relinking<Exam> requires_exams(const std::string& exam, Texts required) {
    return {exam, Links<Exam>{}.set<&Exam::required>(std::move(required))};
}
Relinking<Seat> sits(const std::string& seat, std::optional<std::string> exam) {
    return {seat, Links<Seat>{}.set<&Seat::exam>(std::move(exam))};
}

template<HubspotRecord R>
struct Bench {
    Bench() {
        portal.own_type = ObjectTraits<R>::object_type;
        for (int id = 1; id <= 60; ++id)
            portal.put(std::to_string(id), "kind", "discussion");
    }

    using Run = Steps<inside::RelinkMachineOf<R>>;
    Run start(const std::vector<Relinking<R>>& all) { return Run{store, inside::rows_of(all)}; }

    // What a call of the machine is about; it goes through unless `fault` says otherwise.
    using Fault = std::function<bool(const inside::Connect&)>;
    std::vector<WriteOutcome<R>> run(Run& steps, const Fault& fault = {}) {
        while (steps.action() != Action::done) {
            auto call = std::move(steps.open.front());
            steps.open.erase(steps.open.begin());
            const auto* connect = std::get_if<inside::Connect>(&call);
            if (connect)
                connects.emplace_back(connect->connect, connect->pairs.size());
            if (!connect || !fault || !fault(*connect))
                portal.answer(call);
            steps.look();
        }
        return steps.machine.result();
    }
    std::vector<WriteOutcome<R>> run(const std::vector<Relinking<R>>& all, const Fault& fault = {}) {
        Run steps = start(all);
        return run(steps, fault);
    }

    std::set<std::string> linked(const std::string& id, std::int64_t type, const std::string& to = "2-1") {
        std::set<std::string> ids;
        for (const auto& [other, of] : portal.associations[portal.own_type + "/" + to][id])
            if (of == type)
                ids.insert(other);
        return ids;
    }
    std::set<std::string> required(const std::string& id) { return linked(id, 40); }

    SmallPortal portal;
    inside::Portal<R> store;
    std::vector<std::pair<bool, std::size_t>> connects;
};

using Ids = std::set<std::string>;
using Connects = std::vector<std::pair<bool, std::size_t>>;

bool has(const inside::Connect& call, const std::string& to) {
    return std::ranges::any_of(call.pairs, [&](const auto& pair) { return pair.to_id == to; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(hubspot_relink_machine)

BOOST_AUTO_TEST_CASE(what_is_missing_is_made_and_then_what_is_too_much_is_ended) {
    Bench<Exam> bench;
    for (const auto* id : {"11", "12"})
        bench.portal.link("2-1", "1", "2-1", id, 40, 41);
    bench.portal.link("2-1", "1", "2-1", "12", 7, 8);
    bench.portal.link("2-1", "2", "2-1", "11", 40, 41);
    auto steps = bench.start({requires_exams("1", {"13", "11", "13"}), requires_exams("2", {})});
    // What is there is read at once.
    BOOST_TEST(steps.open.size() == 3U);
    BOOST_TEST((steps.count<inside::ReadBatch>() == 2U && steps.count<inside::ReadAssociations>() == 1U));
    const auto outcomes = bench.run(steps);
    BOOST_TEST((outcomes[0].applied() && outcomes[1].applied()));
    BOOST_TEST((outcomes[0].id == "1" && outcomes[1].id == "2"));
    BOOST_TEST((bench.required("1") == Ids{"11", "13"} && bench.required("2") == Ids{}));
    // Those of other types stay.
    BOOST_TEST((bench.linked("1", 7) == Ids{"12"}));
    BOOST_TEST((bench.connects == Connects{{true, 1}, {false, 2}}));
}

BOOST_AUTO_TEST_CASE(links_that_are_as_they_should_be_are_read_only) {
    Bench<Seat> bench;
    bench.portal.link("2-2", "1", "2-1", "11", 12, 21);
    const auto outcomes = bench.run({sits("1", "11"), sits("2", std::nullopt)});
    BOOST_TEST((outcomes[0].applied() && outcomes[1].applied()));
    BOOST_TEST(bench.connects.empty());
    BOOST_TEST((bench.run({}).empty()));
}

BOOST_AUTO_TEST_CASE(a_link_to_one_is_set_and_taken_away) {
    Bench<Seat> bench;
    bench.portal.link("2-2", "1", "2-1", "11", 12, 21);
    BOOST_TEST(bench.run({sits("1", "12")}).front().applied());
    BOOST_TEST((bench.linked("1", 12) == Ids{"12"}));
    BOOST_TEST(bench.run({sits("1", std::nullopt)}).front().applied());
    BOOST_TEST((bench.linked("1", 12) == Ids{}));
}

BOOST_AUTO_TEST_CASE(what_is_not_there_refuses_its_own_record_before_anything_is_sent) {
    Bench<Exam> bench;
    bench.portal.merged["3"] = "4";
    bench.portal.objects["9"] = bench.portal.objects["8"];
    bench.portal.objects["9"].id = "9";
    bench.portal.objects["9"].archived = true;
    const auto outcomes =
        bench.run({requires_exams("777", {"11"}), requires_exams("1", {"11", "778"}), requires_exams("2", {"11"}),
                   requires_exams("3", {"11"}), requires_exams("5", {"9"}), requires_exams("9", {}),
                   requires_exams("x", {}), requires_exams("6", {"0"})});
    for (const std::size_t at : {0U, 1U, 4U, 5U, 6U, 7U}) {
        BOOST_TEST((outcomes[at].state == WriteState::refused), at);
        BOOST_TEST(outcomes[at].error.failed());
    }
    BOOST_TEST(outcomes[2].applied());
    BOOST_TEST((outcomes[3].state == WriteState::merged && outcomes[3].id == "4"));
    BOOST_TEST((bench.required("1") == Ids{} && bench.required("2") == Ids{"11"} && bench.required("4") == Ids{}));
    BOOST_TEST((bench.connects == Connects{{true, 1}}));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_merged_away_stands_for_its_survivor_in_links) {
    Bench<Exam> bench;
    bench.portal.merged["12"] = "11";
    bench.portal.link("2-1", "1", "2-1", "11", 40, 41);
    BOOST_TEST(bench.run({requires_exams("1", {"12"})}).front().applied());
    BOOST_TEST((bench.required("1") == Ids{"11"}));
    BOOST_TEST(bench.connects.empty());
}

BOOST_AUTO_TEST_CASE(a_batch_that_is_refused_refuses_the_one_to_blame_and_leaves_its_record_as_it_was) {
    Bench<Exam> bench;
    bench.portal.link("2-1", "7", "2-1", "40", 40, 41);
    std::vector<Relinking<Exam>> all;
    for (int id = 1; id <= 20; ++id)
        all.push_back(requires_exams(std::to_string(id), {"31", id == 7 ? "32" : "33"}));
    const auto outcomes = bench.run(all, [](const inside::Connect& call) {
        const bool bad = call.connect && has(call, "32");
        if (bad)
            call.answer(Errc::refused, {});
        return bad;
    });
    for (std::size_t at = 0; at < all.size(); ++at) {
        BOOST_TEST((outcomes[at].state == (at == 6 ? WriteState::refused : WriteState::applied)));
        BOOST_TEST((bench.required(all[at].key) == (at == 6 ? Ids{"40"} : Ids{"31", "33"})));
    }
    BOOST_TEST(bench.connects.size() < 16U);
}

BOOST_AUTO_TEST_CASE(what_an_answer_does_not_confirm_is_sent_again_and_refused_alone) {
    Bench<Exam> bench;
    const auto outcomes =
        bench.run({requires_exams("1", {"31"}), requires_exams("2", {"32"}), requires_exams("3", {"33"})},
                  [&](const inside::Connect& call) {
                      ConnectionsAnswer answer;
                      for (const auto& pair : call.pairs)
                          if (pair.to_id != "32")
                              answer.made.push_back(pair);
                      if (has(call, "32"))
                          answer.errors.push_back({{}, {"32"}, "OBJECT_NOT_FOUND", "no such exam"});
                      call.answer({}, std::move(answer));
                      return true;
                  });
    BOOST_TEST((outcomes[0].applied() && outcomes[2].applied()));
    BOOST_TEST((outcomes[1].state == WriteState::refused));
    BOOST_TEST((bench.connects == Connects{{true, 3}, {true, 1}}));
    // That it is alone and not confirmed, without a word about it, says nothing.
    const auto silent = bench.run({requires_exams("1", {"31"})}, [](const inside::Connect& call) {
        call.answer({}, {});
        return true;
    });
    BOOST_TEST((silent.front().state == WriteState::unknown));
}

BOOST_AUTO_TEST_CASE(a_failure_stops_and_says_what_may_have_taken_effect) {
    struct Case {
        Errc error;
        WriteState made;
        WriteState ended;
    };
    for (const auto& [error, made, ended] : {Case{Errc::rate_limited, WriteState::unsent, WriteState::unknown},
                                             Case{Errc::deadline_exceeded, WriteState::unsent, WriteState::unknown},
                                             Case{Errc::timed_out, WriteState::unknown, WriteState::unknown}}) {
        for (const bool connecting : {true, false}) {
            Bench<Exam> bench;
            bench.portal.link("2-1", "1", "2-1", "11", 40, 41);
            const auto fails = [error = error, connecting](const inside::Connect& call) {
                if (call.connect == connecting)
                    call.answer(error, {});
                return call.connect == connecting;
            };
            const auto outcomes = bench.run({requires_exams("1", {"12"}), requires_exams("2", {"12"})}, fails);
            BOOST_TEST((outcomes[0].state == (connecting ? made : ended)));
            BOOST_TEST((outcomes[0].error == error));
            BOOST_TEST((outcomes[1].state == (connecting ? made : WriteState::applied)));
            // The same again puts it right.
            BOOST_TEST(bench.run({requires_exams("1", {"12"})}).front().applied());
            BOOST_TEST((bench.required("1") == Ids{"12"}));
        }
    }
}

BOOST_AUTO_TEST_CASE(who_cannot_be_read_is_not_written) {
    for (const std::size_t which : {0U, 1U, 2U}) {
        Bench<Exam> bench;
        auto steps = bench.start({requires_exams("1", {"11"})});
        steps.fail(Errc::timed_out, which);
        const auto outcome = bench.run(steps).front();
        BOOST_TEST((outcome.state == WriteState::unsent && outcome.error == Errc::timed_out));
        BOOST_TEST(bench.connects.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_that_cannot_be_taken_back_is_not_known) {
    Bench<Exam> bench;
    const auto outcome = bench.run({requires_exams("1", {"31", "32"})}, [](const inside::Connect& call) {
        const bool bad = !call.connect || has(call, "32");
        if (bad)
            call.answer(call.connect ? Errc::refused : Errc::timed_out, {});
        return bad;
    });
    BOOST_TEST((outcome.front().state == WriteState::unknown));
}

BOOST_AUTO_TEST_CASE(many_pairs_are_several_calls) {
    Bench<Exam> bench;
    std::vector<Relinking<Exam>> all;
    Texts many;
    for (int id = 1; id <= 60; ++id)
        many.push_back(std::to_string(id));
    for (int id = 1; id <= 40; ++id)
        all.push_back(requires_exams(std::to_string(id), many));
    const auto outcomes = bench.run(all);
    BOOST_TEST(std::ranges::all_of(outcomes, &WriteOutcome<Exam>::applied));
    BOOST_TEST((bench.connects == Connects{{true, 1000}, {true, 1000}, {true, 400}}));
    BOOST_TEST(bench.required("40").size() == 60U);
}

BOOST_AUTO_TEST_CASE(after_a_failure_that_every_call_would_meet_no_other_is_made) {
    Bench<Exam> bench;
    Texts many;
    for (int id = 1; id <= 60; ++id)
        many.push_back(std::to_string(id));
    std::vector<Relinking<Exam>> all;
    for (int id = 1; id <= 40; ++id)
        all.push_back(requires_exams(std::to_string(id), many));
    inside::RelinkMachineOf<Exam> machine{bench.store, inside::rows_of(all)};
    int tried = 0;
    while (const auto call = machine.next())
        if (const auto* connect = std::get_if<inside::Connect>(&*call)) {
            connect->answer(Errc::rate_limited, {});
            ++tried;
        } else {
            bench.portal.answer(*call);
        }
    BOOST_TEST(tried == 1);
    for (const auto& outcome : machine.result())
        BOOST_TEST((outcome.state == WriteState::unsent && outcome.error == Errc::rate_limited));
}

// Whatever is refused, lost or left out: what is said to have taken effect has, what is refused has not, and who asks
// again until nothing goes wrong gets what was asked for.
BOOST_AUTO_TEST_CASE(outcomes_tell_the_truth_whatever_goes_wrong) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        std::mt19937 random{seed};
        const auto some = [&](std::uint32_t below) { return random() % below; };
        Bench<Exam> bench;
        std::vector<Relinking<Exam>> all;
        std::map<std::string, Ids> before, wanted;
        for (int id = 1; id <= 8; ++id) {
            const auto key = std::to_string(id);
            for (auto n = some(3); n > 0; --n)
                bench.portal.link("2-1", key, "2-1", std::to_string(30 + some(6)), 40, 41);
            Texts required;
            for (auto n = some(4); n > 0; --n)
                required.push_back(std::to_string(30 + some(6)));
            wanted[key] = {required.begin(), required.end()};
            all.push_back(requires_exams(key, required));
        }
        for (const auto& [key, links] : wanted)
            before[key] = bench.required(key);
        const auto never = std::to_string(30 + some(6));
        const auto outcomes = bench.run(all, [&](const inside::Connect& call) {
            const auto what = some(6);
            if (what == 0) {
                call.answer(some(2) ? Errc::rate_limited : Errc::timed_out, {});
            } else if (call.connect && has(call, never)) {
                call.answer(Errc::refused, {});
            } else if (what == 1) {
                // It takes effect, and the answer is lost or lacks something.
                inside::Connect quiet = call;
                quiet.answer = [](error_code, const auto&) {};
                bench.portal.answer(quiet);
                ConnectionsAnswer part{call.pairs, {}};
                part.made.resize(some(2));
                call.answer(some(2) ? error_code{} : error_code{Errc::timed_out}, part);
            } else {
                return false;
            }
            return true;
        });
        for (std::size_t at = 0; at < all.size(); ++at) {
            const auto& key = all[at].key;
            if (outcomes[at].applied())
                BOOST_TEST((bench.required(key) == wanted[key]), "seed " << seed);
            if (outcomes[at].state == WriteState::refused || outcomes[at].state == WriteState::unsent)
                BOOST_TEST((bench.required(key) == before[key]), "seed " << seed << " key " << key);
        }
        BOOST_TEST(std::ranges::all_of(bench.run(all), &WriteOutcome<Exam>::applied));
        for (const auto& [key, links] : wanted)
            BOOST_TEST((bench.required(key) == links));
    }
}

BOOST_AUTO_TEST_CASE(answers_name_connections_in_either_form) {
    const auto parsed = inside::parse_connections(boost::json::parse(R"({"status":"COMPLETE","results":[
        {"fromObjectTypeId":"2-1","fromObjectId":5,"toObjectTypeId":"2-1","toObjectId":"6","labels":[]},
        {"from":{"id":"7"},"to":{"id":"8"},"associationSpec":{"associationTypeId":1}},{"labels":[]}],
        "errors":[{"category":"OBJECT_NOT_FOUND","message":"gone","context":{"ids":["9"]}}]})"));
    BOOST_TEST_REQUIRE(parsed.has_value());
    BOOST_TEST_REQUIRE(parsed->made.size() == 2U);
    BOOST_TEST((parsed->made[0].from_id == "5" && parsed->made[0].to_id == "6"));
    BOOST_TEST((parsed->made[1].from_id == "7" && parsed->made[1].to_id == "8"));
    BOOST_TEST(parsed->errors.size() == 1U);
    BOOST_TEST(inside::parse_connections({}).has_value());
    BOOST_TEST(!inside::parse_connections(boost::json::array{}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
