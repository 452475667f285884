#include "exam.hpp"
#include "student.hpp"

#include <understudy/hubspot/detail/parse.hpp>
#include <understudy/hubspot/object_params.hpp>
#include <understudy/hubspot/record_codec.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;

struct Sitting {
    std::string id;
    std::optional<Date> day;
    std::optional<int> seats;

    friend bool operator==(const Sitting&, const Sitting&) = default;
};
BOOST_DESCRIBE_STRUCT(Sitting, (), (id, day, seats))

template<>
struct understudy::RecordTraits<Sitting> {
    static constexpr std::string_view name = "sitting";
    static constexpr auto key = &Sitting::id;
};
template<>
struct understudy::hubspot::ObjectTraits<Sitting> {
    static constexpr std::string_view object_type = "2-3";
    using typed_by_hand = Members<&Sitting::day>;
};

BOOST_AUTO_TEST_SUITE(hubspot_record_codec)

namespace {

using Names = std::vector<std::string>;

DecodedObject<Student> decoded(std::string_view properties, std::string id = "123456789012") {
    return decode_object<Student>(
        {std::move(id), boost::json::parse({properties.data(), properties.size()}).as_object()});
}

constexpr std::string_view complete = R"({"email":"a@x.com","hs_additional_emails":null,"name":"Ann","credits":"3",
    "exam_date":"2026-11-23","is_active":"scheduled","year":"2","createdate":"2022-02-17T20:19:27Z"})";

} // namespace

BOOST_AUTO_TEST_CASE(names) {
    BOOST_TEST(property_names<Student>() ==
               (Names{"email", "hs_additional_emails", "name", "credits", "exam_date", "is_active", "year"}));
    BOOST_TEST(property_name<&Student::credits>() == "credits");
    BOOST_TEST(property_name<&Student::active>() == "is_active");
    BOOST_TEST(last_modified_property<Student>() == "lastmodifieddate");
    static_assert(!is_property<&Student::id> && is_property<&Student::email>);
}

BOOST_AUTO_TEST_CASE(a_complete_answer_is_a_record) {
    const auto result = decoded(complete);
    const auto record = result.partial.complete();
    BOOST_REQUIRE(record);
    BOOST_TEST(record->id == "123456789012");
    BOOST_TEST(record->email.value() == "a@x.com");
    BOOST_TEST(!record->others);
    BOOST_TEST(record->credits.value() == 3);
    BOOST_TEST(record->year == 2);
    BOOST_CHECK(record->active == Activity::scheduled);
    BOOST_TEST(result.absent.empty());
    BOOST_TEST(result.without_value.empty());
    BOOST_TEST(result.wrong.empty());
}

BOOST_AUTO_TEST_CASE(D2_missing_null_empty_and_zero_stay_apart) {
    const auto null = decoded(R"({"credits":null,"email":null,"name":null})");
    BOOST_TEST(null.partial.has<&Student::credits>());
    BOOST_TEST(!null.partial.get<&Student::credits>());
    BOOST_TEST(!null.partial.get<&Student::email>());
    BOOST_TEST(!null.partial.has<&Student::name>());
    BOOST_TEST(null.without_value == Names{"name"});

    const auto empty = decoded(R"({"credits":"","email":"","name":"","year":""})");
    BOOST_TEST(empty.partial.has<&Student::credits>());
    BOOST_TEST(!empty.partial.get<&Student::credits>());
    BOOST_TEST(empty.partial.get<&Student::email>().value() == "");
    BOOST_TEST(empty.partial.get<&Student::name>() == "");
    BOOST_TEST(!empty.partial.has<&Student::year>());
    BOOST_TEST(empty.without_value == Names{"year"});

    const auto zero = decoded(R"({"credits":"0","email":"0"})");
    BOOST_TEST(zero.partial.get<&Student::credits>().value() == 0);
    BOOST_TEST(zero.partial.get<&Student::email>().value() == "0");

    const auto missing = decoded("{}");
    BOOST_TEST(!missing.partial.has<&Student::credits>());
    BOOST_TEST(missing.absent.size() == 7);
    BOOST_TEST(!missing.partial.complete());
}

BOOST_AUTO_TEST_CASE(absent_becomes_no_value_where_the_member_allows_it) {
    auto result = decoded(R"({"name":"Ann","email":"a@x.com"})");
    absent_is_no_value(result);
    BOOST_TEST(result.absent.empty());
    BOOST_TEST(result.partial.has<&Student::credits>());
    BOOST_TEST(!result.partial.get<&Student::credits>());
    BOOST_TEST(!result.partial.has<&Student::year>());
    BOOST_TEST(result.without_value == Names{"year"});
    BOOST_TEST(result.partial.get<&Student::name>() == "Ann");
}

BOOST_AUTO_TEST_CASE(a_value_of_another_type_is_named) {
    const auto result = decoded(R"({"email":5,"hs_additional_emails":["a"],"name":{"x":1},"credits":"3.5",
        "exam_date":"tomorrow","is_active":true,"year":"abc"})");
    BOOST_TEST(result.wrong ==
               (Names{"email", "hs_additional_emails", "name", "credits", "exam_date", "is_active", "year"}));
    BOOST_TEST(result.absent.empty());
    BOOST_TEST(!result.partial.complete());
}

BOOST_AUTO_TEST_CASE(what_people_type_is_a_value_or_none) {
    const auto sitting = [](std::string_view day, std::string_view seats) {
        Object object;
        object.id = "1";
        object.properties = {{"day", day}, {"seats", seats}};
        return decode_object<Sitting>(object);
    };
    const auto good = sitting("2026-12-05", "3");
    BOOST_TEST(good.unreadable.empty());
    BOOST_CHECK(good.partial.get<&Sitting::day>() == Date{std::chrono::year{2026} / 12 / 5});

    const auto bad = sitting("Dec 5", "3");
    BOOST_TEST(bad.unreadable == Names{"day"});
    BOOST_TEST(bad.wrong.empty());
    BOOST_REQUIRE(bad.partial.complete());
    BOOST_TEST(!bad.partial.complete()->day);
    BOOST_TEST(sitting("2026-12-05", "many").wrong == Names{"seats"});
}

BOOST_AUTO_TEST_CASE(a_patch_writes_texts_and_never_null) {
    Patch<Student> patch;
    patch.set<&Student::credits>(std::nullopt).set<&Student::year>(3).set<&Student::active>(Activity::false_);
    BOOST_TEST(boost::json::serialize(encode_patch(patch)) == R"({"credits":"","is_active":"false","year":"3"})");
    BOOST_TEST(encode_patch(Patch<Student>{}).empty());
}

BOOST_AUTO_TEST_CASE(what_a_patch_writes_reads_back) {
    Patch<Student> patch;
    patch.set<&Student::email>("b@x.com").set<&Student::name>("").set<&Student::credits>(0);
    patch.set<&Student::exam_date>(Date{std::chrono::year{2026} / 3 / 1}).set<&Student::active>(std::nullopt);
    patch.set<&Student::year>(-1);
    auto result = decode_object<Student>({"1", encode_patch(patch)});
    absent_is_no_value(result);
    Student expected;
    expected.id = "1";
    patch.apply_to(expected);
    BOOST_REQUIRE(result.partial.complete());
    BOOST_CHECK(*result.partial.complete() == expected);
}

BOOST_AUTO_TEST_CASE(no_answer_however_odd_does_harm) {
    std::mt19937 random{20261123};
    const std::string seed = R"({"id":"7","properties":)" + std::string{complete} +
                             R"(,"updatedAt":"2022-02-17T20:19:27.424Z","archived":false})";
    int understood = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto text = seed;
        for (unsigned i = 0, edits = 1 + random() % 4; i < edits; ++i) {
            const auto at = random() % text.size();
            switch (random() % 4) {
            case 0:
                text[at] = static_cast<char>(random());
                break;
            case 1:
                text.erase(at, random() % 12);
                break;
            case 2:
                text.insert(at, text.substr(random() % text.size(), random() % 20));
                break;
            default:
                text.insert(at, std::string(random() % 3 == 0 ? 40 : 1, "[{\"0,"[random() % 5]));
            }
            if (text.empty())
                break;
        }
        auto value = understudy::hubspot::detail::parse_json(text);
        auto object = value ? understudy::hubspot::detail::parse_object(std::move(*value)) : std::nullopt;
        if (!object)
            continue;
        auto result = decode_object<Student>(*object);
        absent_is_no_value(result);
        ++understood;
        const bool blamed = !result.wrong.empty() || !result.without_value.empty() || result.wrong_id;
        BOOST_REQUIRE(result.partial.complete().has_value() == !blamed);
    }
    BOOST_TEST(understood > 100);
}

BOOST_AUTO_TEST_CASE(links_are_no_properties) {
    static_assert(is_link<&Seat::exam> && !is_property<&Seat::exam> && !is_link<&Seat::id> &&
                  !is_link<&Student::email>);
    static_assert(link_count<Seat> == 2 && link_count<Student> == 0);
    BOOST_TEST(property_names<Seat>() == std::vector<std::string>{"seat_name"});
    const auto decoded = decode_object<Seat>({"7", {{"seat_name", "A"}, {"exam", "9"}, {"pupil", "8"}}});
    BOOST_TEST(decoded.absent.empty());
    BOOST_TEST(!decoded.partial.has<&Seat::exam>());
    BOOST_TEST(!decoded.partial.has<&Seat::pupil>());
    // A patch that sets one does not compile.
    static_assert(!is_writable<&Seat::exam> && !is_writable<&Seat::pupil>);
    BOOST_TEST(boost::json::serialize(encode_patch(Patch<Seat>{}.set<&Seat::name>("B"))) == R"({"seat_name":"B"})");
}

BOOST_AUTO_TEST_CASE(what_links_are_called_is_a_setting_each) {
    ObjectParams<Seat> params;
    BOOST_TEST(params.object_type == "2-2");
    BOOST_TEST(params.link<&Seat::exam>().to == "2-1");
    BOOST_TEST(params.link<&Seat::exam>().reverse_type_id == 21);
    params.link<&Seat::exam>().type_id = 77;
    BOOST_TEST(params.links()[0].type_id == 77);
    BOOST_TEST(params.link<&Seat::pupil>().type_id == 12);
}

BOOST_AUTO_TEST_SUITE_END()
