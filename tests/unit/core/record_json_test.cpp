#include "support/customer.hpp"

#include <understudy/record_json.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/test/unit_test.hpp>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;
using tests::Customer;

namespace {

BOOST_DEFINE_ENUM_CLASS(Hand, left, right)

// A type of the user's own.
struct Money {
    std::int64_t cents = 0;
    friend bool operator==(const Money&, const Money&) = default;
};

struct Everything {
    std::int64_t id = 0;
    bool flag = false;
    std::int16_t small = 0;
    std::uint64_t huge = 0;
    double ratio = 0;
    std::string text;
    Date day{2026y / 11 / 23};
    Timestamp moment{};
    Hand hand = Hand::left;
    Money price;
    std::vector<std::string> names;
    std::vector<bool> flags;
    std::optional<std::int64_t> maybe_number;
    std::optional<std::string> maybe_text;
    std::optional<Hand> maybe_hand;
    std::optional<std::vector<std::optional<double>>> maybe_ratios;

    friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (id, flag, small, huge, ratio, text, day, moment, hand, price, names, flags, maybe_number,
                       maybe_text, maybe_hand, maybe_ratios))

} // namespace

template<>
struct understudy::RecordTraits<Everything> {
    static constexpr std::string_view name = "everything";
    static constexpr auto key = &Everything::id;
    using read_only = Members<&Everything::moment>;
};

template<>
struct understudy::JsonCodec<Money> {
    static boost::json::value write(Money value) { return boost::json::object{{"cents", value.cents}}; }
    static bool read(const boost::json::value& json, Money& value) {
        const auto* object = json.if_object();
        const auto* cents = object ? object->if_contains("cents") : nullptr;
        return cents && JsonCodec<std::int64_t>::read(*cents, value.cents);
    }
};

namespace {

template<class T>
boost::json::value through_text(const T& what) {
    return boost::json::parse(boost::json::serialize(to_json(what)));
}

Everything full() {
    Everything e;
    e.id = std::numeric_limits<std::int64_t>::min();
    e.flag = true;
    e.small = -7;
    e.huge = std::numeric_limits<std::uint64_t>::max();
    e.ratio = 0.1;
    e.text = std::string{"\0\"\\\n\xc3\xa4", 6};
    e.moment = Timestamp{1'700'000'000'123ms};
    e.hand = Hand::right;
    e.price = {-5};
    e.names = {"", "a"};
    e.flags = {true, false};
    e.maybe_number = 9'007'199'254'740'993;
    e.maybe_text = "";
    e.maybe_hand = Hand::left;
    e.maybe_ratios = {{1e300, std::nullopt, -0.0}};
    return e;
}

Everything random_record(std::mt19937_64& random) {
    const auto chance = [&] { return random() % 2 == 0; };
    const auto number = [&] {
        const auto value = std::bit_cast<double>(random());
        return std::isfinite(value) ? value : 0.25;
    };
    const auto text = [&] {
        static const std::string_view parts[] = {"a", "\"", "\\", "\n", "\xc3\xa4", "\xf0\x9f\x98\x80", "null", "{"};
        std::string all;
        for (auto n = random() % 6; n > 0; --n)
            all += parts[random() % std::size(parts)];
        return all;
    };
    Everything e;
    e.id = static_cast<std::int64_t>(random());
    e.flag = chance();
    e.small = static_cast<std::int16_t>(random());
    e.huge = random();
    e.ratio = number();
    e.text = text();
    e.day = Date{std::chrono::sys_days{0y / 1 / 1} + std::chrono::days{random() % 3'652'425}};
    e.moment = Timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(random() % 250'000'000'000'000)}};
    e.hand = chance() ? Hand::left : Hand::right;
    e.price.cents = static_cast<std::int64_t>(random());
    for (auto n = random() % 4; n > 0; --n) {
        e.names.push_back(text());
        e.flags.push_back(chance());
    }
    if (chance())
        e.maybe_number = static_cast<std::int64_t>(random());
    if (chance())
        e.maybe_text = text();
    if (chance())
        e.maybe_hand = Hand::right;
    if (chance()) {
        e.maybe_ratios.emplace();
        for (auto n = random() % 4; n > 0; --n)
            e.maybe_ratios->push_back(chance() ? std::optional{number()} : std::nullopt);
    }
    return e;
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_json)

BOOST_AUTO_TEST_CASE(every_type_has_the_form_that_it_should) {
    const std::string expected =
        R"({"id":-9223372036854775808,"flag":true,"small":-7,"huge":18446744073709551615,"ratio":"0.1",)"
        R"("text":"\u0000\"\\\nä","day":"2026-11-23","moment":"2023-11-14T22:13:20.123Z","hand":"right",)"
        R"("price":{"cents":-5},"names":["","a"],"flags":[true,false],"maybe_number":9007199254740993,)"
        R"("maybe_text":"","maybe_hand":"left","maybe_ratios":["1e+300",null,"-0"]})";
    BOOST_TEST(boost::json::serialize(to_json(full())) == expected);
}

BOOST_AUTO_TEST_CASE(I2_what_is_written_is_read) {
    std::vector<Everything> records{full(), Everything{}};
    std::mt19937_64 random{20261123};
    for (int i = 0; i < 2'000; ++i)
        records.push_back(random_record(random));
    for (const auto& record : records) {
        Everything read;
        BOOST_TEST_REQUIRE(from_json(through_text(record), read));
        BOOST_TEST_REQUIRE((read == record));
        BOOST_TEST_REQUIRE((key_from_text<Everything>(key_to_text<Everything>(record.id)) == record.id));

        // Some members alone, by the patch's own presence.
        Patch<Everything> patch;
        for_each_member<Everything>([&](auto member) {
            constexpr auto pointer = decltype(member)::pointer;
            if constexpr (is_writable<pointer>)
                if (random() % 2 == 0)
                    patch.template set<pointer>(record.*pointer);
        });
        Patch<Everything> patch_read;
        patch_read.set<&Everything::flag>(true);
        BOOST_TEST_REQUIRE(from_json(through_text(patch), patch_read));
        BOOST_TEST_REQUIRE((patch_read == patch));
    }
}

BOOST_AUTO_TEST_CASE(I2_missing_null_and_empty_stay_apart) {
    Patch<Customer> patch;
    BOOST_TEST(boost::json::serialize(to_json(patch)) == "{}");
    patch.set<&Customer::email>(std::nullopt).set<&Customer::note>("");
    BOOST_TEST(boost::json::serialize(to_json(patch)) == R"({"email":null,"note":""})");
    Patch<Customer> read;
    BOOST_TEST(from_json(through_text(patch), read));
    BOOST_TEST(read.has<&Customer::email>());
    BOOST_TEST(!read.has<&Customer::credits>());
}

BOOST_AUTO_TEST_CASE(what_no_patch_may_write_is_passed_over) {
    Patch<Customer> read;
    BOOST_TEST(from_json(boost::json::parse(R"({"id":"k2","number":17,"note":"n","other":{}})"), read));
    Patch<Customer> expected;
    expected.set<&Customer::note>("n");
    BOOST_TEST((read == expected));
    Customer record;
    auto json = to_json(tests::customer(1));
    json["other"] = nullptr;
    BOOST_TEST(from_json(json, record));
    BOOST_TEST((record == tests::customer(1)));
}

BOOST_AUTO_TEST_CASE(I2_a_record_that_lacks_a_member_is_none) {
    for_each_member<Everything>([](auto member) {
        auto json = to_json(full());
        json.erase(member.name);
        Everything read;
        BOOST_TEST(!from_json(json, read), member.name);
        BOOST_TEST((read == Everything{}));
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_value_of_its_type_is_refused) {
    struct Case {
        const char* member;
        const char* json;
    };
    const Case cases[] = {
        {"id", "null"},
        {"id", "\"17\""},
        {"id", "9223372036854775808"},
        {"id", "1.5"},
        {"id", "1e2"},
        {"flag", "0"},
        {"flag", "\"true\""},
        {"small", "32768"},
        {"huge", "-1"},
        {"ratio", "\"\""},
        {"ratio", "\"0.1x\""},
        {"ratio", "\" 0.1\""},
        {"ratio", "true"},
        {"text", "null"},
        {"text", "1"},
        {"day", "\"2026-02-29\""},
        {"day", "\"2026-11-23T00:00:00Z\""},
        {"day", "20261123"},
        {"moment", "\"2026-11-23\""},
        {"moment", "\"2026-11-23T10:00:00\""},
        {"hand", "\"middle\""},
        {"hand", "\"\""},
        {"hand", "0"},
        {"price", "5"},
        {"price", "{\"cents\":\"5\"}"},
        {"names", "\"a\""},
        {"names", "[\"a\",1]"},
        {"names", "[null]"},
        {"flags", "null"},
        {"maybe_number", "\"\""},
        {"maybe_hand", "\"middle\""},
        {"maybe_ratios", "[[]]"},
    };
    for (const auto& [member, wrong] : cases) {
        auto json = to_json(full());
        json[member] = boost::json::parse(wrong);
        Everything record;
        BOOST_TEST(!from_json(json, record), member << ' ' << wrong);
        BOOST_TEST((record == Everything{}));
        Patch<Everything> patch;
        const std::string_view name = member;
        BOOST_TEST(from_json(json, patch) == (name == "id" || name == "moment"), member << ' ' << wrong);
        BOOST_TEST(patch.empty() == (name != "id" && name != "moment"));
    }
    for (const char* none : {"null", "[]", "\"\"", "1"}) {
        Everything record;
        Patch<Everything> patch;
        BOOST_TEST((!from_json(boost::json::parse(none), record) && !from_json(boost::json::parse(none), patch)));
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_others_wrote_are_read) {
    auto json = to_json(full());
    for (const auto& [text, value] : {std::pair{"2", 2.0}, {"-2", -2.0}, {"2.5", 2.5}, {"\"2.5e0\"", 2.5}}) {
        json["ratio"] = boost::json::parse(text);
        Everything read;
        BOOST_TEST(from_json(json, read));
        BOOST_TEST(read.ratio == value);
    }
}

BOOST_AUTO_TEST_CASE(what_has_no_form_is_not_written) {
    const auto refuses = [](auto change) {
        Everything record;
        change(record);
        BOOST_CHECK_EXCEPTION(to_json(record), boost::system::system_error,
                              [](const auto& error) { return error.code() == Errc::invalid_argument; });
    };
    refuses([](Everything& e) { e.hand = static_cast<Hand>(7); });
    refuses([](Everything& e) { e.day = 2026y / 2 / 29; });
    refuses([](Everything& e) { e.day = std::chrono::year{10'000} / 1 / 1; });
    refuses([](Everything& e) { e.moment = std::chrono::sys_days{std::chrono::year{-1} / 12 / 31}; });
}

BOOST_AUTO_TEST_CASE(keys_are_texts_of_one_form) {
    BOOST_TEST(key_to_text<Customer>("k 1\"") == "k 1\"");
    BOOST_TEST((key_from_text<Customer>("k 1\"") == "k 1\""));
    BOOST_TEST((key_from_text<Customer>("17") == "17"));
    BOOST_TEST(key_to_text<Everything>(-17) == "-17");
    BOOST_TEST((key_from_text<Everything>("-17") == -17));
    for (const char* wrong : {"", " 17", "17 ", "017", "1e1", "k17", "\"17\"", "null", "9223372036854775808"})
        BOOST_TEST(!key_from_text<Everything>(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
