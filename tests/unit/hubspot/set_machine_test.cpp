#include "exam.hpp"
#include "machine_steps.hpp"
#include "small_portal.hpp"

#include <understudy/hubspot/detail/set_machine.hpp>
#include <understudy/hubspot/detail/whole_machine.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace inside = understudy::hubspot::detail;
using Texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(hubspot_set_machine)

namespace {

template<class R, class Machine>
struct Asked : Steps<Machine> {
    template<class Values>
    Asked(inside::Portal<R>& portal, Values values)
        : Steps<Machine>{portal, std::move(values)} {}

    /// Lets a portal answer the first call.
    void finish_one(SmallPortal& portal) {
        auto taken = std::move(this->open.front());
        this->open.erase(this->open.begin());
        portal.answer(taken);
        this->look();
    }

    /// Lets a portal answer everything, in an order of its own; call `broken` fails with `error`.
    void finish(SmallPortal& portal, unsigned seed = 0, std::size_t broken = static_cast<std::size_t>(-1),
                error_code error = {}) {
        std::mt19937 random{seed};
        for (std::size_t call = 0; !this->open.empty(); ++call) {
            const auto at = seed == 0 ? 0 : random() % this->open.size();
            if (call == broken) {
                this->fail(error, at);
                ++failures;
                continue;
            }
            auto taken = std::move(this->open[at]);
            this->open.erase(this->open.begin() + static_cast<std::ptrdiff_t>(at));
            portal.answer(taken);
            this->look();
        }
    }
    std::size_t failures = 0;
};

using SeatReads = Asked<Seat, inside::FetchMachine<Seat, ById<Seat>>>;
using ExamReads = Asked<Exam, inside::FetchMachine<Exam, ById<Exam>>>;
using SeatSets = Asked<Seat, inside::SetMachine<Seat, SeatsOfExam>>;
using AllExamsRead = Asked<Exam, inside::WholeMachine<Exam, AllExams>>;
using AllSeatsRead = Asked<Seat, inside::WholeMachine<Seat, AllSeats>>;

std::string seat_id(int number) {
    return std::to_string(100 + number);
}

// Exams 51, 52, 53, 54 with 0, 1, 3 and 8 seats; every seat has a pupil.
SmallPortal hall() {
    SmallPortal portal;
    int seat = 0;
    for (const auto& [exam, count] : {std::pair{"51", 0}, {"52", 1}, {"53", 3}, {"54", 8}})
        for (int i = 0; i < count; ++i) {
            const auto id = seat_id(++seat);
            portal.put(id, "seat_name", "n" + id);
            portal.link("2-2", id, "2-1", exam, 12, 21);
            portal.link("2-2", id, "0-1", std::to_string(900 + seat % 5), 12, 21);
        }
    return portal;
}

Seat seat(const std::string& id, std::optional<std::string> exam, std::string pupil) {
    return {id, "n" + id, std::move(exam), std::move(pupil)};
}

Texts ids_of(const SetReading<Seat>& set) {
    Texts ids;
    for (const auto& member : set.members)
        ids.push_back(member.id);
    return ids;
}

} // namespace

BOOST_AUTO_TEST_CASE(properties_and_links_are_asked_for_at_once) {
    auto portal = hall();
    inside::Portal<Seat> shared;
    SeatReads reads{shared, Texts{"101", "105", "1"}};
    BOOST_TEST(reads.open.size() == 3u);
    BOOST_TEST(reads.count<inside::ReadBatch>() == 1u);
    reads.finish(portal);
    BOOST_TEST(reads.made == 3u);
    const auto readings = reads.machine.result();
    BOOST_CHECK(readings[0].record == seat("101", "52", "901"));
    BOOST_CHECK(readings[1].record == seat("105", "54", "900"));
    BOOST_TEST(readings[2].absent());
    BOOST_TEST(reads.machine.take_problems().empty());
}

BOOST_AUTO_TEST_CASE(any_order_of_answers_gives_the_same_records) {
    auto portal = hall();
    for (unsigned seed = 1; seed <= 50; ++seed) {
        inside::Portal<Seat> shared;
        SeatReads reads{shared, Texts{"101", "105"}};
        reads.finish(portal, seed);
        BOOST_CHECK(reads.machine.result()[0].record == seat("101", "52", "901"));
        BOOST_CHECK(reads.machine.result()[1].record == seat("105", "54", "900"));
    }
}

BOOST_AUTO_TEST_CASE(several_associations_where_one_is_expected) {
    SmallPortal portal;
    for (const auto* id : {"101", "102", "103"}) {
        portal.put(id, "seat_name", std::string{"n"} + id);
        portal.link("2-2", id, "0-1", "900", 12, 21);
    }
    for (const auto* exam : {"70", "9", "60"})
        for (const auto* id : {"101", "102"})
            portal.link("2-2", id, "2-1", exam, 12, 21);
    portal.link("2-2", "103", "2-1", "8", 99, 98); // of another type
    inside::Portal<Seat> shared;
    SeatReads reads{shared, Texts{"101", "102", "103"}};
    reads.finish(portal);
    const auto readings = reads.machine.result();
    BOOST_TEST(readings[0].record.exam.value() == "9");
    BOOST_TEST(readings[1].record.exam.value() == "9");
    BOOST_TEST(!readings[2].record.exam);
    const auto problems = reads.machine.take_problems();
    BOOST_REQUIRE(problems.size() == 1);
    BOOST_TEST(!problems[0].error);
    BOOST_TEST(problems[0].reason ==
               "exam of seat 101 is to be one and is several, as for 1 more: the smallest id counts");
}

BOOST_AUTO_TEST_CASE(a_link_that_must_be_there_makes_the_record_incomplete) {
    SmallPortal portal;
    portal.put("101", "seat_name", "n101");
    inside::Portal<Seat> shared;
    SeatReads reads{shared, Texts{"101"}};
    reads.finish(portal);
    BOOST_TEST(reads.machine.result()[0].error == error_code{Errc::incomplete_record});
    BOOST_TEST(reads.machine.take_problems().at(0).properties == Texts{"pupil"});
}

BOOST_AUTO_TEST_CASE(a_link_is_asked_for_only_where_it_can_be) {
    SmallPortal portal;
    portal.put("51", "kind", "skills");
    portal.put("52", "kind", "discussion");
    portal.put("53", "kind", "discussion");
    for (const auto* required : {"51", "9"}) {
        portal.link("2-1", "52", "2-1", required, 40, 39);
        portal.link("2-1", "51", "2-1", required, 40, 39);
    }
    inside::Portal<Exam> shared;
    ExamReads all{shared, Texts{"51", "52", "53"}};
    BOOST_TEST(all.open.size() == 1u);
    all.finish(portal);
    BOOST_TEST(all.made == 2u);
    const auto readings = all.machine.result();
    BOOST_TEST(readings[0].record.required.empty());
    BOOST_TEST(readings[1].record.required == (Texts{"9", "51"}));
    BOOST_TEST(readings[2].record.required.empty());
    ExamReads one{shared, Texts{"51"}};
    one.finish(portal);
    BOOST_TEST(one.made == 1u);
    BOOST_TEST(one.machine.result()[0].found());
}

BOOST_AUTO_TEST_CASE(settings_of_the_account_come_before_the_defaults) {
    inside::Portal<Seat> shared;
    shared.object.object_type = "2-7";
    shared.object.link<&Seat::exam>() = {.to = "2-8", .type_id = 41};
    SeatReads reads{shared, Texts{"101"}};
    const auto& exams = reads.first<inside::ReadAssociations>(1);
    BOOST_TEST(exams.from == "2-7");
    BOOST_TEST(exams.to == "2-8");
    const auto& pupils = reads.first<inside::ReadAssociations>(2);
    BOOST_TEST(pupils.to == "0-1");
    reads.answer<inside::ReadAssociations>({}, AssociationsAnswer{{{"101", {{"9", {{"", 41, {}}}}}, {}}}, {}}, 1);
    SmallPortal portal = hall();
    portal.link("2-7", "101", "0-1", "900", 12, 21);
    reads.finish(portal);
    BOOST_CHECK(reads.machine.result()[0].record == seat("101", "9", "900"));
}

BOOST_AUTO_TEST_CASE(a_survivor_brings_its_own_links) {
    auto portal = hall();
    portal.put("201", "seat_name", "n201");
    portal.objects["201"].properties["hs_merged_object_ids"] = "105;106";
    portal.merged = {{"105", "201"}, {"106", "201"}};
    portal.objects.erase("105");
    portal.objects.erase("106");
    portal.link("2-2", "201", "2-1", "53", 12, 21);
    portal.link("2-2", "201", "0-1", "977", 12, 21);
    inside::Portal<Seat> shared;
    for (unsigned seed = 0; seed <= 10; ++seed) {
        SeatReads reads{shared, Texts{"105", "101"}};
        reads.finish(portal, seed);
        BOOST_CHECK(reads.machine.result()[0].record == seat("201", "53", "977"));
        BOOST_CHECK(reads.machine.result()[1].record == seat("101", "52", "901"));
    }
}

BOOST_AUTO_TEST_CASE(D10_a_link_that_cannot_be_read_is_never_no_link) {
    auto portal = hall();
    for (const auto error : {Errc::rate_limited, Errc::refused, Errc::malformed_answer})
        for (std::size_t broken = 0; broken < 3; ++broken)
            for (unsigned seed = 0; seed <= 6; ++seed) {
                inside::Portal<Seat> shared;
                SeatReads reads{shared, Texts{"101"}};
                reads.finish(portal, seed, broken, error);
                BOOST_TEST(reads.failures == 1u);
                const auto whole = reads.machine.error();
                const auto readings = reads.machine.result();
                BOOST_TEST((whole == error_code{error} || readings.at(0).error == error_code{error}));
            }
}

BOOST_AUTO_TEST_CASE(sets_of_none_one_and_many) {
    for (const bool silent : {false, true})
        for (unsigned seed = 0; seed <= 50; ++seed) {
            auto portal = hall();
            portal.silent = silent;
            inside::Portal<Seat> shared;
            SeatSets sets{shared, Texts{"53", "51", "54", "52", "53", "777", "x", ""}};
            sets.finish(portal, seed);
            const auto readings = sets.machine.result();
            BOOST_REQUIRE(readings.size() == 8);
            for (const auto& reading : readings)
                BOOST_TEST(reading.found());
            BOOST_TEST(ids_of(readings[0]) == (Texts{"102", "103", "104"}));
            BOOST_TEST(readings[1].members.empty());
            BOOST_TEST(readings[2].members.size() == 8u);
            BOOST_CHECK(readings[2].members[0].record == seat("105", "54", "900"));
            BOOST_TEST(ids_of(readings[3]) == Texts{"101"});
            BOOST_TEST(ids_of(readings[4]) == ids_of(readings[0]));
            for (std::size_t i = 5; i < 8; ++i)
                BOOST_TEST(readings[i].members.empty());
            BOOST_TEST(sets.machine.take_problems().empty());
        }
}

BOOST_AUTO_TEST_CASE(the_link_of_the_relation_is_known_from_the_list) {
    auto portal = hall();
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"53"}};
    BOOST_CHECK(sets.action() == Action::associations);
    BOOST_TEST(sets.first<inside::ReadAssociations>().from == "2-1");
    BOOST_TEST(sets.first<inside::ReadAssociations>().to == "2-2");
    sets.finish(portal);
    // The list, the members, their pupils.
    BOOST_TEST(sets.made == 3u);
}

BOOST_AUTO_TEST_CASE(members_leave_in_full_batches_while_a_list_is_still_being_read) {
    SmallPortal portal;
    portal.association_page = 150;
    for (int i = 1; i <= 320; ++i) {
        const auto id = std::to_string(1000 + i);
        portal.put(id, "seat_name", "n" + id);
        portal.link("2-2", id, "2-1", "53", 12, 21);
        portal.link("2-2", id, "0-1", "900", 12, 21);
    }
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"53"}};
    portal.answer(sets.open.front());
    sets.open.clear();
    sets.look();
    BOOST_TEST(sets.count<inside::ReadAssociationPage>() == 1u);
    BOOST_TEST(sets.count<inside::ReadBatch>() == 1u);
    sets.finish(portal);
    BOOST_TEST(sets.machine.result()[0].members.size() == 320u);
    // The list and two more pages of it, the members, their pupils.
    BOOST_TEST(sets.made == 3u + 4u + 1u);
}

BOOST_AUTO_TEST_CASE(a_member_of_several_sets_is_decided_as_by_id) {
    for (unsigned seed = 0; seed <= 20; ++seed) {
        auto portal = hall();
        portal.link("2-2", "101", "2-1", "53", 12, 21); // also in 52
        portal.link("2-2", "102", "2-1", "9", 12, 21);  // also in 53
        portal.link("2-2", "102", "2-1", "52", 12, 21);
        inside::Portal<Seat> shared;
        SeatSets sets{shared, Texts{"53", "52"}};
        sets.finish(portal, seed);
        const auto readings = sets.machine.result();
        // 102 belongs to 9, which was not asked for.
        BOOST_TEST(ids_of(readings[0]) == (Texts{"103", "104"}));
        BOOST_TEST(ids_of(readings[1]) == Texts{"101"});
        BOOST_TEST(sets.machine.take_problems().size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(members_that_vanish_are_left_out_and_merged_ones_are_their_survivors) {
    for (unsigned seed = 0; seed <= 20; ++seed) {
        auto portal = hall();
        inside::Portal<Seat> shared;
        SeatSets sets{shared, Texts{"53", "54"}};
        portal.answer(sets.open.front());
        sets.open.clear();
        portal.objects.erase("102");
        portal.objects["105"].archived = true;
        for (const auto* lost : {"103", "106"}) {
            portal.objects.erase(lost);
            portal.merged[lost] = "201";
        }
        portal.put("201", "seat_name", "n201");
        portal.objects["201"].properties["hs_merged_object_ids"] = "103;106";
        portal.link("2-2", "201", "2-1", "53", 12, 21);
        portal.link("2-2", "201", "2-1", "54", 12, 21);
        portal.link("2-2", "201", "0-1", "977", 12, 21);
        sets.look();
        sets.finish(portal, seed);
        const auto readings = sets.machine.result();
        BOOST_TEST(ids_of(readings[0]) == (Texts{"104", "201"}));
        BOOST_CHECK(readings[0].members[1].record == seat("201", "53", "977"));
        BOOST_TEST(readings[1].members.size() == 6u);
    }
}

BOOST_AUTO_TEST_CASE(a_member_that_fails_fails_the_sets_that_name_it) {
    auto portal = hall();
    portal.objects["101"].properties["seat_name"] = 7;
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"53", "52", "51"}};
    sets.finish(portal);
    const auto readings = sets.machine.result();
    BOOST_TEST(readings[0].found());
    BOOST_TEST(readings[1].failed());
    BOOST_TEST(readings[1].error == error_code{Errc::malformed_answer});
    BOOST_TEST(readings[1].members.empty());
    BOOST_TEST(readings[2].found());
}

BOOST_AUTO_TEST_CASE(a_list_that_names_what_is_no_id_fails_its_set) {
    auto portal = hall();
    portal.associations["2-1/2-2"]["52"].emplace_back("abc", 21);
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"53", "52"}};
    sets.finish(portal);
    BOOST_TEST(sets.machine.result()[0].found());
    BOOST_TEST(sets.machine.result()[1].error == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_for_the_members_of_a_list_that_failed) {
    auto portal = hall();
    portal.link("2-2", "105", "2-1", "53", 12, 21); // of 54 as well
    inside::Portal<Seat> shared;
    SeatSets alone{shared, Texts{"54"}};
    alone.finish_one(portal);
    BOOST_CHECK(alone.fail(Errc::refused) == Action::done);
    BOOST_TEST(alone.made == 2u);
    BOOST_TEST(alone.machine.result().at(0).error == error_code{Errc::refused});

    portal.association_page = 6;
    SeatSets both{shared, Texts{"54", "53"}};
    both.finish_one(portal);
    BOOST_REQUIRE(both.action() == Action::association_page);
    BOOST_CHECK(both.fail(Errc::refused) == Action::batch);
    BOOST_TEST(both.batch_inputs() == (Texts{"102", "103", "104", "105"}));
    both.finish(portal);
    // The lists, a page, the members, their pupils, and the exam of the one that was in both.
    BOOST_TEST(both.made == 5u);
    const auto readings = both.machine.result();
    BOOST_TEST(readings[0].error == error_code{Errc::refused});
    BOOST_TEST(ids_of(readings[1]) == (Texts{"102", "103", "104", "105"}));
}

BOOST_AUTO_TEST_CASE(a_list_that_names_what_is_no_id_is_not_read_to_its_end) {
    auto portal = hall();
    portal.associations["2-1/2-2"]["54"][0].first = "abc";
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"54"}};
    sets.finish(portal);
    BOOST_TEST(sets.made == 1u);
    BOOST_TEST(sets.machine.result().at(0).error == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(nothing_more_is_asked_for_a_set_once_a_member_failed) {
    SmallPortal portal;
    portal.association_page = 150;
    for (int i = 1; i <= 320; ++i) {
        const auto id = std::to_string(1000 + i);
        portal.put(id, "seat_name", "n" + id);
        portal.link("2-2", id, "2-1", "53", 12, 21);
        portal.link("2-2", id, "0-1", "900", 12, 21);
    }
    portal.objects["1007"].properties["seat_name"] = 7;
    inside::Portal<Seat> shared;
    SeatSets sets{shared, Texts{"53"}};
    sets.finish_one(portal);
    std::swap(sets.open.at(0), sets.open.at(1));
    BOOST_REQUIRE(sets.action() == Action::batch);
    sets.finish(portal);
    // The list, a hundred members, and the page that was under way.
    BOOST_TEST(sets.made == 3u);
    BOOST_TEST(sets.machine.result().at(0).error == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(a_member_given_up_with_one_set_is_read_when_another_names_it) {
    SmallPortal portal;
    portal.association_page = 150;
    const auto put = [&](int number, const std::string& exam) {
        const auto id = std::to_string(1000 + number);
        portal.put(id, "seat_name", "n" + id);
        portal.link("2-2", id, "2-1", exam, 12, 21);
        portal.link("2-2", id, "0-1", "900", 12, 21);
    };
    portal.link("2-2", "abc", "2-1", "54", 12, 21);
    for (int i = 1; i <= 140; ++i)
        put(i, "54");
    for (int i = 201; i <= 350; ++i)
        put(i, "53");
    for (const auto* id : {"1001", "1140"}) // on the second page of 53
        portal.link("2-2", id, "2-1", "53", 12, 21);
    for (unsigned seed = 0; seed <= 20; ++seed) {
        inside::Portal<Seat> shared;
        SeatSets sets{shared, Texts{"53", "54"}};
        sets.finish(portal, seed);
        const auto readings = sets.machine.result();
        BOOST_TEST(readings[1].error == error_code{Errc::malformed_answer});
        BOOST_TEST(readings[0].members.size() == 152u); // of 53 by their own word
        BOOST_TEST(sets.machine.take_problems().size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_survivor_given_up_with_one_set_is_read_for_the_member_that_it_swallowed) {
    for (unsigned seed = 0; seed <= 20; ++seed) {
        auto portal = hall();
        portal.put("201", "seat_name", "n201");
        portal.link("2-2", "201", "2-1", "53", 12, 21);
        portal.link("2-2", "201", "0-1", "977", 12, 21);
        // 53 still names the one that was swallowed; 54 names the survivor, and what is no id.
        portal.objects["201"].properties["hs_merged_object_ids"] = "103";
        portal.objects.erase("103");
        portal.merged = {{"103", "201"}};
        std::erase_if(portal.associations["2-1/2-2"]["53"], [](const auto& edge) { return edge.first == "201"; });
        portal.associations["2-1/2-2"]["54"] = {{"201", 21}, {"abc", 21}};
        inside::Portal<Seat> shared;
        SeatSets sets{shared, Texts{"53", "54"}};
        sets.finish(portal, seed);
        BOOST_TEST(ids_of(sets.machine.result()[0]) == (Texts{"102", "104", "201"}));
        BOOST_TEST(sets.machine.result()[1].error == error_code{Errc::malformed_answer});
    }
}

BOOST_AUTO_TEST_CASE(D10_whatever_fails_no_set_is_answered_in_part) {
    const auto whole = hall();
    const Texts asked{"51", "52", "53", "54"};
    const std::vector<std::size_t> sizes{0, 1, 3, 8};
    int covered = 0;
    int failed = 0;
    for (const auto error : {Errc::rate_limited, Errc::refused, Errc::timed_out})
        for (std::size_t broken = 0;; ++broken) {
            std::size_t failures = 0;
            for (unsigned seed = 0; seed <= 20; ++seed) {
                auto portal = whole;
                inside::Portal<Seat> shared;
                SeatSets sets{shared, asked};
                sets.finish(portal, seed, broken, error);
                failures += sets.failures;
                if (sets.machine.error()) {
                    BOOST_TEST(broken == 0u);
                    continue;
                }
                const auto readings = sets.machine.result();
                for (std::size_t i = 0; i < 4; ++i) {
                    if (readings[i].found())
                        BOOST_TEST(readings[i].members.size() == sizes[i]);
                    else
                        BOOST_TEST(readings[i].error == error_code{error});
                    ++(readings[i].found() ? covered : failed);
                }
            }
            if (failures == 0)
                break;
        }
    BOOST_TEST(covered > 0);
    BOOST_TEST(failed > 0);
}

BOOST_AUTO_TEST_CASE(nothing_asked_is_nothing_to_do) {
    inside::Portal<Seat> shared;
    BOOST_CHECK((SeatSets{shared, Texts{}}.action() == Action::done));
    BOOST_CHECK((SeatSets{shared, Texts{"x", ""}}.action() == Action::done));
    BOOST_CHECK((AllSeatsRead{shared, std::vector<Everything>{}}.action() == Action::done));
}

BOOST_AUTO_TEST_CASE(all_records_page_by_page_with_their_links) {
    for (unsigned seed = 0; seed <= 10; ++seed) {
        auto portal = hall();
        inside::Portal<Seat> shared;
        AllSeatsRead all{shared, std::vector<Everything>(2)};
        all.finish(portal, seed);
        // Twelve records in pages of four, their exams, their pupils.
        BOOST_TEST(all.made == 3u + 1u + 1u);
        const auto readings = all.machine.result();
        BOOST_REQUIRE(readings.size() == 2);
        BOOST_TEST(readings[1].members.size() == 12u);
        BOOST_CHECK(readings[0].members[4].record == seat("105", "54", "900"));
    }
}

BOOST_AUTO_TEST_CASE(D10_whatever_fails_all_records_are_not_some) {
    for (std::size_t broken = 0; broken < 5; ++broken)
        for (unsigned seed = 0; seed <= 5; ++seed) {
            auto portal = hall();
            inside::Portal<Seat> shared;
            AllSeatsRead all{shared, std::vector<Everything>(1)};
            all.finish(portal, seed, broken, Errc::unavailable);
            BOOST_TEST(all.failures == 1u);
            if (broken == 0)
                BOOST_TEST(all.machine.error() == error_code{Errc::unavailable});
            else
                BOOST_TEST(all.machine.result().at(0).error == error_code{Errc::unavailable});
        }
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_fails_the_whole) {
    auto portal = hall();
    portal.objects["107"].properties["seat_name"] = 7;
    inside::Portal<Seat> shared;
    AllSeatsRead all{shared, std::vector<Everything>(1)};
    all.finish(portal);
    BOOST_TEST(all.machine.result().at(0).error == error_code{Errc::malformed_answer});
    // It is on the second page; neither the third is read nor any link.
    BOOST_TEST(all.made == 2u);
}

BOOST_AUTO_TEST_CASE(ids_that_do_not_ascend_are_no_list) {
    const auto exam = [](std::string id) {
        Object object;
        object.id = std::move(id);
        object.properties = {{"kind", "skills"}};
        return object;
    };
    for (const auto& [first, second] : {std::pair{"9", "10"}, {"10", "10"}, {"10", "9"}, {"100", "99"}}) {
        inside::Portal<Exam> shared;
        AllExamsRead all{shared, std::vector<Everything>(1)};
        all.answer<inside::ReadPage>({}, Page{{exam(first)}, "a", 0});
        BOOST_TEST(all.first<inside::ReadPage>().query.after == "a");
        all.answer<inside::ReadPage>({}, Page{{exam(second)}, {}, 0});
        BOOST_CHECK(all.action() == Action::done);
        const auto readings = all.machine.result();
        if (std::string_view{first} == "9")
            BOOST_TEST(readings.at(0).members.size() == 2u);
        else
            BOOST_TEST(readings.at(0).error == error_code{Errc::malformed_answer});
    }
    inside::Portal<Exam> shared;
    AllExamsRead endless{shared, std::vector<Everything>(1)};
    endless.answer<inside::ReadPage>({}, Page{{}, "a", 0});
    BOOST_CHECK(endless.answer<inside::ReadPage>({}, Page{{}, "a", 0}) == Action::done);
    BOOST_TEST(endless.machine.result().at(0).error == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_SUITE_END()
