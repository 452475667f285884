#pragma once

#include <understudy/hubspot/object_traits.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// A record with a list of links, which some of its kind only have.
struct Exam {
    std::string id;
    std::optional<std::string> kind;
    std::vector<std::string> required;

    friend bool operator==(const Exam&, const Exam&) = default;
};
BOOST_DESCRIBE_STRUCT(Exam, (), (id, kind, required))

/// A record with a link that it may lack, and one that it must have.
struct Seat {
    std::string id;
    std::optional<std::string> name;
    std::optional<std::string> exam;
    std::string pupil;

    friend bool operator==(const Seat&, const Seat&) = default;
};
BOOST_DESCRIBE_STRUCT(Seat, (), (id, name, exam, pupil))

template<>
struct understudy::RecordTraits<Exam> {
    static constexpr std::string_view name = "exam";
    static constexpr auto key = &Exam::id;
    static constexpr bool numeric_keys = true;
    using links = Members<&Exam::required>;
};

template<>
struct understudy::RecordTraits<Seat> {
    static constexpr std::string_view name = "seat";
    static constexpr auto key = &Seat::id;
    static constexpr bool numeric_keys = true;
    using read_only = Members<&Seat::pupil>;
    using links = Members<&Seat::exam>;
};

template<>
struct understudy::hubspot::ObjectTraits<Exam> {
    static constexpr std::string_view object_type = "2-1";
    static constexpr std::tuple links{
        Link<&Exam::required>{.to = "2-1",
                              .type_id = 40,
                              .where = [](const Exam& exam) { return exam.kind == "discussion"; },
                              .category = "USER_DEFINED"}};
};

template<>
struct understudy::hubspot::ObjectTraits<Seat> {
    static constexpr std::string_view object_type = "2-2";
    static constexpr std::tuple names{Named<&Seat::name>{"seat_name"}};
    static constexpr std::tuple links{Link<&Seat::exam>{.to = "2-1", .type_id = 12, .reverse_type_id = 21},
                                      Link<&Seat::pupil>{.to = "0-1", .type_id = 12}};
};

struct SeatsOfExam : understudy::Relation<Exam, &Seat::exam> {
    static constexpr std::string_view name = "seats_of_exam";
};

struct AllExams : understudy::Whole<Exam> {
    static constexpr std::string_view name = "all_exams";
};

struct AllSeats : understudy::Whole<Seat> {
    static constexpr std::string_view name = "all_seats";
};
