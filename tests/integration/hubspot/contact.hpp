#pragma once

#include <understudy/hubspot/object_traits.hpp>
#include <understudy/index.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// A contact as the tests know it: some members are called otherwise than their properties.
struct Contact {
    std::string id;
    std::optional<std::string> student_id;
    std::optional<std::string> email;
    std::optional<std::string> more_emails;
    std::optional<std::int32_t> sj_credits;
    std::optional<std::int32_t> shared_mock_credits;
    std::optional<std::string> ndecc_exam_date;

    friend bool operator==(const Contact&, const Contact&) = default;
};
BOOST_DESCRIBE_STRUCT(Contact, (),
                      (id, student_id, email, more_emails, sj_credits, shared_mock_credits, ndecc_exam_date))

template<>
struct understudy::RecordTraits<Contact> {
    static constexpr std::string_view name = "contact";
    static constexpr auto key = &Contact::id;
    static constexpr bool numeric_keys = true;
    using read_only = Members<&Contact::more_emails>;
};

template<>
struct understudy::hubspot::ObjectTraits<Contact> {
    static constexpr std::string_view object_type = "0-1";
    static constexpr std::string_view operation_property = "understudy_operation";
    static constexpr std::tuple names{Named<&Contact::more_emails>{"hs_additional_emails"}};
};

struct ByEmail : understudy::Index<&Contact::email> {
    static constexpr std::string_view name = "email";

    static value_type normalise(value_type value) {
        for (char& c : value)
            if (c >= 'A' && c <= 'Z')
                c = static_cast<char>(c - 'A' + 'a');
        return value;
    }
    static std::vector<value_type> values(const Contact& contact) {
        std::vector<value_type> all;
        if (contact.email)
            all.push_back(*contact.email);
        for (std::string_view rest = contact.more_emails ? std::string_view{*contact.more_emails} : "";
             !rest.empty();) {
            const auto end = std::min(rest.find(';'), rest.size());
            all.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return all;
    }
};

struct ByStudentId : understudy::Index<&Contact::student_id> {
    static constexpr bool is_unique = false;
    static constexpr std::string_view name = "student_id";
};
