#include "seed.hpp"

#include <algorithm>
#include <array>

namespace hubspot_emulator {

const char* const credit_field_names[credit_fields] = {"sj_credits", "cs_credits", "sjmini_credits",
                                                       "mock_discussion_token", "shared_mock_credits"};

namespace {

constexpr std::array first_names{"Amara", "Bilal", "Chloe", "Daniel", "Elif", "Farid", "Grace", "Hugo",
                                 "Ines",  "Jamal", "Keiko", "Liam",   "Maya", "Noor",  "Olga",  "Pablo"};
constexpr std::array last_names{"Adeyemi", "Brown",  "Chen",  "Dubois", "Eriksen", "Fernandes", "Gill",
                                "Haddad",  "Ivanov", "Jones", "Kaur",   "Lopez",   "Moreau",    "Nguyen",
                                "Okafor",  "Patel",  "Quinn", "Rossi",  "Singh"};
constexpr std::array mock_type_names{"Situational Judgment", "Clinical Skills", "Mini-mock", "Mock Discussion"};
constexpr std::array tokens{"Situational Judgment Token", "Clinical Skills Token", "Mini-mock Token",
                            "Mock Discussion Token"};
constexpr std::array locations{"Mississauga", "Calgary", "Vancouver", "Montreal", "Richmond Hill"};
constexpr std::array attending{"mississauga", "calgary", "vancouver", "montreal", "richmond_hill"};

template<typename Table>
const char* pick(const Table& table, int number) {
    return table[static_cast<std::size_t>(number) % table.size()];
}

/// Writes a record's values by property name.
class Writer {
public:
    explicit Writer(const ObjectType& type)
        : type_(type) {
        values_.reserve(16);
    }

    Writer& operator()(std::string_view property, std::string value) {
        values_.set(*type_.properties.find(property), std::move(value));
        return *this;
    }
    Values take() { return std::move(values_); }

private:
    const ObjectType& type_;
    Values values_;
};

Millis created_at(int number, const SeedSettings& settings) {
    // Now and then two neighbours were created the other way round.
    return settings.epoch - 400 * day_ms + number * Millis{60'000} + (number % 20 == 7 ? 90'000 : 0);
}

Millis updated_at(int number, const SeedSettings& settings) {
    // Five records share each stamp; every fourth stamp has no milliseconds.
    auto group = number / 5;
    return settings.epoch - 30 * day_ms + group * second_ms + (group % 4 == 0 ? 0 : group % 1000);
}

void seed_contacts(Store& store, const SeedSettings& settings) {
    const auto& type = store.types[contacts_type];
    for (int i = 1; i <= settings.contacts; ++i) {
        Writer write(type);
        write("student_id", seeded_student_id(i))("email", seeded_email(i));
        write("firstname", pick(first_names, i))("lastname", pick(last_names, i / 16));
        if (auto more = seeded_additional_emails(i); !more.empty())
            write("hs_additional_emails", std::move(more));
        for (std::size_t field = 0; field < credit_fields; ++field)
            if (auto value = seeded_credits(i, field, settings.seed))
                write(credit_field_names[field], std::move(*value));
        if (i % 3 != 0)
            write("ndecc_exam_date", format_date(settings.epoch + (30 + i % 300) * day_ms));
        store.put(contacts_type, first_seeded_id + i, created_at(i, settings), updated_at(i, settings), write.take());
    }
}

void seed_exams(Store& store, const SeedSettings& settings, const std::vector<int>& taken) {
    const auto& type = store.types[exams_type];
    const auto* requires_exam = store.find_association(exams_type, exams_type, settings.exam_requires_exam);
    const auto* plain = store.default_association(exams_type, exams_type);
    for (int i = 1; i <= settings.exams; ++i) {
        auto date = seeded_exam_date(i, settings);
        auto start = date + (13 + i % 6) * Millis{3'600'000};
        auto count = taken[static_cast<std::size_t>(i)];
        Writer write(type);
        write("mock_type", seeded_mock_type(i))("location", pick(locations, i / 4));
        write("mock_exam_name", std::string(seeded_mock_type(i)) + " " + format_date(date));
        write("mock_set", std::string(1, static_cast<char>('A' + i % 8)))("exam_date", format_date(date));
        write("start_time", format_instant(start))("end_time", format_instant(start + 3 * Millis{3'600'000}));
        write("capacity", std::to_string(std::max(8 + i % 13, count)))("total_bookings", std::to_string(count));
        if (i % 13 == 0) {
            write("is_active", "scheduled");
            write("scheduled_activation_datetime", format_instant(date - 14 * day_ms + 14 * Millis{3'600'000}));
        } else {
            write("is_active", i % 17 == 0 ? "false" : "true");
        }
        auto& exam = store.put(exams_type, first_seeded_exam_id + i, created_at(i, settings), updated_at(i, settings),
                               write.take());
        // Every other Mock Discussion requires the Situational Judgment and the Clinical Skills exam before it.
        if (i % 8 == 3)
            for (auto required : {i - 3, i - 2})
                if (auto* other = store.types[exams_type].find_exact(first_seeded_exam_id + required)) {
                    store.link(exams_type, exam, *other, *plain);
                    store.link(exams_type, exam, *other, *requires_exam);
                }
    }
}

void seed_bookings(Store& store, const SeedSettings& settings) {
    const auto& type = store.types[bookings_type];
    const auto* to_contact = store.find_association(bookings_type, contacts_type, settings.booking_to_contact);
    const auto* to_exam = store.find_association(bookings_type, exams_type, settings.booking_to_exam);
    for (int i = 1; i <= settings.bookings; ++i) {
        auto contact = seeded_booking_contact(i, settings), exam = seeded_booking_exam(i, settings);
        auto date = seeded_exam_date(exam, settings);
        auto cancelled = i % 10 == 0, past = date < settings.epoch;
        Writer write(type);
        write("booking_id",
              std::string(seeded_mock_type(exam)) + "-" + seeded_student_id(contact) + "-" + format_long_date(date));
        write("name", std::string(pick(first_names, contact)) + " " + pick(last_names, contact / 16));
        write("email", seeded_email(contact))("idempotency_key", "seed-" + std::to_string(i));
        write("token_used", i % 7 == 0 ? "Shared Token" : pick(tokens, exam % 4));
        write("is_active", cancelled ? "Cancelled" : past ? "Completed" : "Active");
        if (exam % 4 == 1)
            write("dominant_hand", i % 9 == 0 ? "false" : "true");
        else if (exam % 4 != 3)
            write("attending_location", pick(attending, exam / 4));
        if (!cancelled && past)
            write("attendance", i % 6 == 0 ? "No" : "Yes");
        if (cancelled) {
            write("token_refunded", "true")("token_refund_admin", "seed");
            write("token_refunded_at", format_instant(updated_at(i, settings)));
        }
        auto& booking = store.put(bookings_type, first_seeded_id + i, created_at(i, settings), updated_at(i, settings),
                                  write.take());
        store.link(bookings_type, booking, *store.types[contacts_type].find_exact(first_seeded_id + contact),
                   *to_contact);
        store.link(bookings_type, booking, *store.types[exams_type].find_exact(first_seeded_exam_id + exam), *to_exam);
        store.recalculate(bookings_type, booking);
    }
}

} // namespace

std::string seeded_student_id(int contact) {
    return "S" + std::to_string(100'000 + contact);
}

std::string seeded_email(int contact) {
    return "student" + std::to_string(100'000 + contact) + "@example.com";
}

std::string seeded_additional_emails(int contact) {
    if (contact % 10 != 3)
        return {};
    auto number = std::to_string(100'000 + contact);
    auto addresses = "old" + number + "@example.com";
    return contact % 50 == 3 ? addresses + ";older" + number + "@example.com" : addresses;
}

std::optional<std::string> seeded_credits(int contact, std::size_t field, std::int64_t seed) {
    auto k = (31 * std::int64_t{contact} + 17 * static_cast<std::int64_t>(field) + 13 * seed) % 16;
    if (k < 2)
        return {};
    if (k == 2)
        return "";
    return std::to_string(k < 5 ? 0 : k - 4);
}

const char* seeded_mock_type(int exam) {
    return pick(mock_type_names, exam);
}

Millis seeded_exam_date(int exam, const SeedSettings& settings) {
    return settings.epoch + (exam * 11 % 150 - 40) * day_ms;
}

int seeded_booking_contact(int booking, const SeedSettings& settings) {
    return (booking - 1) % settings.contacts + 1;
}

int seeded_booking_exam(int booking, const SeedSettings& settings) {
    auto contact = (booking - 1) % settings.contacts, round = (booking - 1) / settings.contacts;
    return static_cast<int>((contact * 13L + round) % settings.exams) + 1;
}

void seed_portal(Store& store, const SeedSettings& settings) {
    for (auto& type : store.types)
        type.next_id = first_seeded_id + 1;
    store.types[exams_type].next_id = first_seeded_exam_id + 1;
    auto bookings = settings.contacts > 0 && settings.exams > 0 ? settings.bookings : 0;
    std::vector<int> taken(static_cast<std::size_t>(settings.exams) + 1);
    for (int i = 1; i <= bookings; ++i)
        if (i % 10 != 0)
            ++taken[static_cast<std::size_t>(seeded_booking_exam(i, settings))];
    seed_contacts(store, settings);
    seed_exams(store, settings, taken);
    auto with_parents = settings;
    with_parents.bookings = bookings;
    seed_bookings(store, with_parents);
}

} // namespace hubspot_emulator
