#pragma once

#include <understudy/index.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// A student's contact at the source, with the credits that bookings spend. A member without a value was read as such:
/// it is not zero, though it buys nothing either.
struct ContactCredits {
    std::string hubspot_id;
    std::optional<std::string> student_id;
    std::optional<std::string> email;
    std::optional<std::string> firstname;
    std::optional<std::string> lastname;
    /// Further addresses of the contact, `a;b;c`.
    std::optional<std::string> hs_additional_emails;
    std::optional<std::int32_t> sj_credits;
    std::optional<std::int32_t> cs_credits;
    std::optional<std::int32_t> sjmini_credits;
    std::optional<std::int32_t> mock_discussion_token;
    std::optional<std::int32_t> shared_mock_credits;
    /// `YYYY-MM-DD` by convention of those who type it in, hence a text.
    std::optional<std::string> ndecc_exam_date;

    friend bool operator==(const ContactCredits&, const ContactCredits&) = default;
};
BOOST_DESCRIBE_STRUCT(ContactCredits, (),
                      (hubspot_id, student_id, email, firstname, lastname, hs_additional_emails, sj_credits, cs_credits,
                       sjmini_credits, mock_discussion_token, shared_mock_credits, ndecc_exam_date))

} // namespace service

template<>
struct understudy::RecordTraits<service::ContactCredits> {
    static constexpr std::string_view name = "contact credits";
    static constexpr auto key = &service::ContactCredits::hubspot_id;
    static constexpr bool numeric_keys = true;
    /// The source keeps the list of further addresses by itself.
    using read_only = Members<&service::ContactCredits::hs_additional_emails>;
};

namespace service {

/// The form in which addresses compare: without blanks around, ASCII letters in lower case.
inline std::string normalised_email(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// The unique way of asking for a contact besides its id: one of its addresses, the first one or a further one.
struct ByEmail : understudy::Index<&ContactCredits::email> {
    static constexpr std::string_view name = "email";

    static value_type normalise(const value_type& value) { return normalised_email(value); }

    static std::vector<value_type> values(const ContactCredits& contact) {
        std::vector<value_type> addresses;
        if (contact.email && !contact.email->empty())
            addresses.push_back(*contact.email);
        for (std::string_view rest = contact.hs_additional_emails ? *contact.hs_additional_emails : std::string_view{};
             !rest.empty();) {
            const auto end = rest.find(';');
            if (const auto address = rest.substr(0, end); !address.empty())
                addresses.emplace_back(address);
            rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        }
        return addresses;
    }
};

/// Which contacts carry a student's number: staff may type it in twice, so it is not unique.
struct ByStudentId : understudy::Index<&ContactCredits::student_id> {
    static constexpr bool is_unique = false;
    static constexpr std::string_view name = "student_id";
};

} // namespace service
