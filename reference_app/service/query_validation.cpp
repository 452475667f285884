#include "query_validation.hpp"

#include "query_string.hpp"

#include <charconv>
#include <utility>

namespace service {
namespace {

constexpr std::int64_t last_page = 1'000'000;
constexpr std::int64_t longest_page = 100;

// Takes one known parameter after the other and gathers what is wrong with them.
class Reader {
public:
    explicit Reader(const QueryString& query)
        : query_{query} {}

    const std::string* optional(std::string_view name) {
        if (!query_.is_repeated(name))
            return query_.find(name);
        refuse(name, "must be given once");
        return nullptr;
    }

    const std::string* required(std::string_view name) {
        if (!query_.find(name))
            refuse(name, "is required");
        return optional(name);
    }

    void flag(std::string_view name, bool& value) {
        const auto* text = optional(name);
        if (text && *text != "true" && *text != "false")
            refuse(name, "must be true or false");
        else if (text)
            value = *text == "true";
    }

    void number(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t& value) {
        const auto* text = optional(name);
        if (!text)
            return;
        const auto* end = text->data() + text->size();
        std::int64_t number = 0;
        const auto [stop, error] = std::from_chars(text->data(), end, number);
        if (error == std::errc{} && stop == end && number >= least && number <= most)
            value = number;
        else
            refuse(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }

    void student(Credentials& student) {
        if (const auto* text = required("student_id"))
            take_student_id(*text, student, errors);
        if (const auto* text = required("email")) {
            take_email(*text, student, errors);
            if (student.email.find(' ') != std::string::npos)
                errors.back() += "; a + in it is written as %2B in a query";
        }
    }

    void refuse(std::string_view name, std::string_view why) {
        errors.push_back(std::string{name}.append(" ").append(why));
    }

    ValidationErrors errors;

private:
    const QueryString& query_;
};

template<class T, class F>
Validated<T> read_query(std::string_view text, F take) {
    const auto parsed = QueryString::parse(text);
    if (const auto* problem = std::get_if<std::string>(&parsed))
        return ValidationErrors{*problem};
    Reader reader{std::get<QueryString>(parsed)};
    T value;
    take(reader, value);
    if (!reader.errors.empty())
        return std::move(reader.errors);
    return value;
}

void take_detail(Reader& reader, AvailableQuestion& question) {
    reader.flag("include_capacity", question.with_counts);
    reader.flag("realtime", question.realtime);
}

std::optional<BookingFilter> parse_filter(std::string_view text) {
    if (text == "all")
        return BookingFilter::all;
    if (text == "upcoming")
        return BookingFilter::upcoming;
    if (text == "past")
        return BookingFilter::past;
    return std::nullopt;
}

} // namespace

Validated<AvailableQuestion> validate_available_exams(std::string_view query) {
    return read_query<AvailableQuestion>(query, [](Reader& reader, AvailableQuestion& question) {
        if (const auto* text = reader.required("mock_type"))
            if (const auto type = take_mock_type(*text, reader.errors))
                question.mock_type = *type;
        take_detail(reader, question);
    });
}

Validated<AvailableQuestion> validate_available_discussions(std::string_view query) {
    return read_query<AvailableQuestion>(query, [](Reader& reader, AvailableQuestion& question) {
        question.mock_type = MockType::mock_discussion;
        take_detail(reader, question);
    });
}

Validated<BookingListQuestion> validate_booking_list(std::string_view query) {
    return read_query<BookingListQuestion>(query, [](Reader& reader, BookingListQuestion& question) {
        reader.student(question.student);
        if (const auto* text = reader.optional("filter")) {
            if (const auto filter = parse_filter(*text))
                question.page.filter = *filter;
            else
                reader.refuse("filter", "must be all, upcoming or past");
        }
        reader.number("page", 1, last_page, question.page.page);
        reader.number("limit", 1, longest_page, question.page.limit);
    });
}

Validated<Credentials> validate_student(std::string_view query) {
    return read_query<Credentials>(query, [](Reader& reader, Credentials& student) { reader.student(student); });
}

} // namespace service
