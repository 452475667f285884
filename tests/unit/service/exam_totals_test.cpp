#include "exam_totals.hpp"
#include "note_texts.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace service;

namespace {

ExamTotal total(std::int64_t counted, std::optional<std::int64_t> shown) {
    ExamTotal made;
    made.exam_id = "1";
    made.live = made.current = true;
    made.counted = counted;
    made.shown = shown;
    return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(after_booking)

BOOST_AUTO_TEST_CASE(a_total_is_written_if_it_is_known_and_the_exam_says_another) {
    BOOST_TEST((step_for(total(3, 2)) == TotalStep::write));
    BOOST_TEST((step_for(total(3, {})) == TotalStep::write));
    BOOST_TEST((step_for(total(0, 1)) == TotalStep::write));
    BOOST_TEST((step_for(total(3, 3)) == TotalStep::forget));
    BOOST_TEST((step_for(total(0, {})) == TotalStep::forget));
}

BOOST_AUTO_TEST_CASE(d6_a_total_that_is_in_doubt_is_not_written) {
    auto doubtful = total(3, 2);
    doubtful.current = false;
    BOOST_TEST((step_for(doubtful) == TotalStep::wait));
    doubtful.live = false;
    BOOST_TEST((step_for(doubtful) == TotalStep::forget));
    auto absurd = total(std::int64_t{1} << 40, 2);
    BOOST_TEST((step_for(absurd) == TotalStep::forget));
}

BOOST_AUTO_TEST_CASE(what_people_typed_is_shown_in_notes_and_does_nothing) {
    BOOST_TEST(as_html("a<b>&\"'\r\nc") == "a&lt;b&gt;&amp;&quot;&#39;<br>c");
    Booking booking;
    booking.booking_id = "Mini-mock-S1-March 5, 2026";
    booking.name = "<img src=x onerror=alert(1)>";
    booking.associated_contact_id = "17";
    Cancelled cancelled;
    cancelled.record_id = "9";
    cancelled.cancelled_at = understudy::Timestamp{std::chrono::milliseconds{5}};
    const auto note = note_of_cancellation(booking, cancelled, "</p><script>", {});
    BOOST_TEST((note.contact_id == "17" && note.booking_id == "9" && note.hs_timestamp == cancelled.cancelled_at));
    BOOST_TEST(note.hs_note_body->find("<img") == std::string::npos);
    BOOST_TEST(note.hs_note_body->find("<p>Reason: &lt;/p&gt;&lt;script&gt;</p>") != std::string::npos);
    BOOST_TEST(note.hs_note_body->find("<p>Given back: nothing</p>") != std::string::npos);
    BOOST_TEST(note.hs_note_body->find("Admin") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_lost_note_is_known_again_by_its_moment) {
    using Traits = understudy::RecordTraits<Note>;
    Note sent;
    sent.hs_note_body = "<p>a</p>";
    sent.hs_timestamp = understudy::Timestamp{std::chrono::milliseconds{5}};
    auto found = sent;
    found.hubspot_id = "3";
    found.hs_note_body = "<div><p>a</p></div>";
    BOOST_TEST(Traits::same_creation(sent, found));
    found.hs_timestamp = understudy::Timestamp{std::chrono::milliseconds{6}};
    BOOST_TEST(!Traits::same_creation(sent, found));
}

BOOST_AUTO_TEST_SUITE_END()
