#include "exam_admin_validation.hpp"

#include "body_reader.hpp"
#include "exam_rules.hpp"
#include "token_names.hpp"
#include "write_validation.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace service {
namespace {

namespace json = boost::json;
using Text = std::optional<std::string>;

constexpr std::size_t longest_text = 200;
constexpr std::int32_t largest_capacity = 10'000;
constexpr std::int32_t most_tokens = 9'999;
constexpr std::size_t most_prerequisites = 20;

// What is said of an exam, each member only if it is.
class ExamReader {
public:
    ExamReader(const json::object& body, BodyReader& reader)
        : body_{body}
        , reader_{reader} {}

    Text text(std::string_view name) { return reader_.optional_text(name, longest_text); }

    Text mock_type() {
        auto text = reader_.optional_text("mock_type", longest_text);
        if (text)
            take_mock_type(*text, reader_.errors);
        return text;
    }

    Text mock_set() {
        auto text = reader_.optional_text("mock_set", longest_text);
        if (text && (text->size() != 1 || text->front() < 'A' || text->front() > 'H'))
            reader_.refuse("mock_set", "must be a letter from A to H");
        return text;
    }

    // A truth value will do where the source has a text.
    Text is_active() {
        constexpr std::string_view name = "is_active";
        if (!reader_.says(name))
            return std::nullopt;
        const auto& value = *body_.if_contains(name);
        if (value.is_bool())
            return std::string{value.get_bool() ? exam_active : exam_inactive};
        if (value.is_string())
            for (const auto choice : {exam_active, exam_inactive, exam_scheduled})
                if (value.get_string() == choice)
                    return std::string{choice};
        reader_.refuse(name, "must be true, false or scheduled");
        return std::nullopt;
    }

    std::optional<understudy::Date> exam_date(understudy::Date today) {
        constexpr std::string_view name = "exam_date";
        const auto text = reader_.optional_text(name, longest_text);
        if (!text)
            return std::nullopt;
        const auto date = understudy::parse_date(*text);
        if (!date)
            reader_.refuse(name, "must be a date, YYYY-MM-DD");
        else if (*date < today)
            reader_.refuse(name, "must not be before today, " + understudy::format_date(today));
        return date;
    }

    std::optional<understudy::Timestamp> moment(std::string_view name) {
        const auto text = reader_.optional_text(name, longest_text);
        if (!text)
            return std::nullopt;
        const auto moment = understudy::parse_timestamp(*text);
        if (!moment)
            reader_.refuse(name, "must be a time, such as 2026-12-05T14:00:00Z");
        return moment;
    }

    std::optional<std::int32_t> capacity() { return number(reader_, body_, "capacity", largest_capacity); }

    std::vector<std::string> prerequisites() {
        constexpr std::string_view name = "prerequisite_exam_ids";
        std::vector<std::string> ids;
        if (!reader_.says(name))
            return ids;
        const auto* array = body_.if_contains(name)->if_array();
        bool good = array && array->size() <= most_prerequisites;
        for (const auto& element : array ? *array : json::array{}) {
            const auto* text = element.if_string();
            good = good && text && is_record_id(*text);
            if (text)
                ids.emplace_back(*text);
        }
        std::sort(ids.begin(), ids.end());
        good = good && std::adjacent_find(ids.begin(), ids.end()) == ids.end();
        if (!good)
            reader_.refuse(name, "must be an array of at most " + std::to_string(most_prerequisites) +
                                     " different ids of exams, as strings");
        return ids;
    }

    static std::optional<std::int32_t> number(BodyReader& reader, const json::object& body, std::string_view name,
                                              std::int32_t most) {
        if (!reader.says(name))
            return std::nullopt;
        const auto* value = body.if_contains(name)->if_int64();
        if (value && *value >= 0 && *value <= most)
            return static_cast<std::int32_t>(*value);
        reader.refuse(name, "must be a whole number from 0 to " + std::to_string(most));
        return std::nullopt;
    }

private:
    const json::object& body_;
    BodyReader& reader_;
};

std::string all_names() {
    std::string all;
    for (const auto& [field, name] : token_names)
        all.append(all.empty() ? "" : ", ").append(name);
    return all;
}

template<auto Member, class T>
void set(understudy::Patch<MockExam>& patch, const std::optional<T>& value) {
    if (value)
        patch.set<Member>(*value);
}

} // namespace

Validated<ExamOrder> validate_new_exam(const json::object& body, std::optional<std::string_view> key,
                                       const LocalCalendar& calendar, understudy::Date today) {
    return read_members<ExamOrder>(body, [&](BodyReader& reader, ExamOrder& order) {
        ExamReader says{body, reader};
        for (const auto name : {"mock_exam_name", "mock_type", "exam_date", "capacity"})
            if (!reader.says(name))
                reader.refuse(name, "is required");
        auto& exam = order.exam;
        exam.mock_exam_name = says.text("mock_exam_name");
        exam.mock_type = says.mock_type();
        exam.location = says.text("location");
        exam.mock_set = says.mock_set();
        exam.exam_date = says.exam_date(today);
        exam.start_time = says.moment("start_time");
        exam.end_time = says.moment("end_time");
        exam.scheduled_activation_datetime = says.moment("scheduled_activation_datetime");
        exam.capacity = says.capacity();
        exam.is_active = says.is_active();
        exam.prerequisite_exam_ids = says.prerequisites();
        if (!reader.says("is_active"))
            exam.is_active = exam_active;
        if (exam.is_active != exam_scheduled && exam.scheduled_activation_datetime)
            reader.errors.emplace_back(activation_without_schedule);
        if (key && !is_idempotency_key(*key))
            reader.refuse("Idempotency-Key", "must consist of 1 to 255 visible ASCII characters");
        else if (key)
            order.idempotency_key = *key;
        if (reader.errors.empty())
            reader.errors = problems_of(exam, calendar);
    });
}

Validated<ExamChange> validate_exam_change(const json::object& body, understudy::Date today) {
    return read_members<ExamChange>(body, [&](BodyReader& reader, ExamChange& change) {
        ExamReader says{body, reader};
        auto& patch = change.patch;
        set<&MockExam::mock_exam_name>(patch, says.text("mock_exam_name"));
        set<&MockExam::mock_type>(patch, says.mock_type());
        set<&MockExam::location>(patch, says.text("location"));
        set<&MockExam::mock_set>(patch, says.mock_set());
        set<&MockExam::exam_date>(patch, says.exam_date(today));
        set<&MockExam::start_time>(patch, says.moment("start_time"));
        set<&MockExam::end_time>(patch, says.moment("end_time"));
        set<&MockExam::scheduled_activation_datetime>(patch, says.moment("scheduled_activation_datetime"));
        set<&MockExam::capacity>(patch, says.capacity());
        set<&MockExam::is_active>(patch, says.is_active());
        if (reader.says("prerequisite_exam_ids"))
            change.links.set<&MockExam::prerequisite_exam_ids>(says.prerequisites());
        if (change.empty() && reader.errors.empty())
            reader.errors.push_back("the body must name something to change");
    });
}

Validated<std::vector<TokenCount>> validate_tokens(const json::object& body) {
    using Tokens = std::vector<TokenCount>;
    return read_members<Tokens>(body, [&](BodyReader& reader, Tokens& tokens) {
        const auto* value = body.if_contains("tokens");
        const auto* members = value ? value->if_object() : nullptr;
        if (!members)
            return reader.refuse("tokens", value && !value->is_null() ? "must be an object" : "is required");
        BodyReader member{*members};
        for (const auto& [field, name] : token_names)
            if (const auto count = ExamReader::number(member, *members, name, most_tokens))
                tokens.push_back({field, *count});
        for (const auto& error : member.errors)
            reader.errors.push_back("tokens." + error);
        if (tokens.empty() && reader.errors.empty())
            reader.refuse("tokens", "must name at least one of " + all_names());
    });
}

} // namespace service
