#pragma once

#include <understudy/date_time.hpp>
#include <understudy/hubspot/object_traits.hpp>
#include <understudy/index.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

enum class Activity { true_, false_, scheduled };
BOOST_DESCRIBE_ENUM(Activity, true_, false_, scheduled)

/// A record with a member of every kind.
struct Student {
    std::string id;
    std::optional<std::string> email;
    std::optional<std::string> others;
    std::string name;
    std::optional<std::int32_t> credits;
    std::optional<understudy::Date> exam_date;
    std::optional<Activity> active;
    int year = 0;

    friend bool operator==(const Student&, const Student&) = default;
};
BOOST_DESCRIBE_STRUCT(Student, (), (id, email, others, name, credits, exam_date, active, year))

template<>
struct understudy::RecordTraits<Student> {
    static constexpr std::string_view name = "student";
    static constexpr auto key = &Student::id;
    static constexpr bool numeric_keys = true;
    using read_only = Members<&Student::others>;
};

template<>
struct understudy::hubspot::ObjectTraits<Student> {
    static constexpr std::string_view object_type = "0-1";
    static constexpr std::string_view operation_property = "last_write";
    static constexpr std::tuple names{Named<&Student::others>{"hs_additional_emails"},
                                      Named<&Student::active>{"is_active"}};
};

struct ByEmail : understudy::Index<&Student::email> {
    static constexpr std::string_view name = "email";
    static value_type normalise(value_type value) {
        std::ranges::transform(value, value.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        return value;
    }
    static std::vector<value_type> values(const Student& student) {
        std::vector<value_type> all;
        if (student.email)
            all.push_back(*student.email);
        if (student.others)
            all.push_back(*student.others);
        return all;
    }
};

struct ByName : understudy::Index<&Student::name> {
    static constexpr std::string_view name = "name";
};

struct ByCredits : understudy::Index<&Student::credits> {
    static constexpr std::string_view name = "credits";
};
