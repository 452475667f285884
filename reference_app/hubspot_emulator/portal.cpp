#include "portal.hpp"

namespace hubspot_emulator {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

PropertyDefinition own(std::string name, ValueType type = ValueType::string) {
    return {.name = std::move(name), .type = type};
}

PropertyDefinition choice(std::string name, std::initializer_list<const char*> values) {
    Options options;
    for (const auto* value : values)
        options.emplace_back(value, value);
    return {.name = std::move(name), .type = ValueType::enumeration, .options = std::move(options)};
}

PropertyDefinition unique_text(std::string name) {
    return {.name = std::move(name), .unique = true};
}

PropertyDefinition hubspots(std::string name, ValueType type = ValueType::string,
                            PropertySource source = PropertySource::stored) {
    return {.name = std::move(name), .type = type, .source = source, .hubspot_defined = true};
}

void add_system_properties(ObjectType& type, const char* created, const char* modified) {
    type.object_id = type.properties.add(hubspots("hs_object_id", ValueType::number, PropertySource::object_id));
    type.created = type.properties.add(hubspots(created, ValueType::datetime, PropertySource::created));
    type.modified = type.properties.add(hubspots(modified, ValueType::datetime, PropertySource::modified));
    type.merged_ids =
        type.properties.add(hubspots("hs_merged_object_ids", ValueType::enumeration, PropertySource::read_only));
}

void add_all(ObjectType& type, std::vector<PropertyDefinition> definitions) {
    for (auto& definition : definitions) {
        definition.group = type.name + "_information";
        type.properties.add(std::move(definition));
    }
}

void define_contacts(ObjectType& type) {
    type.id = "0-1";
    type.name = "contacts";
    type.singular = "CONTACT";
    type.spellings = {"contact"};
    add_system_properties(type, "createdate", "lastmodifieddate");
    auto email = hubspots("email");
    email.unique = true;
    type.email = type.properties.add(email);
    type.additional_emails =
        type.properties.add(hubspots("hs_additional_emails", ValueType::enumeration, PropertySource::read_only));
    type.default_properties = {*type.email, type.properties.add(hubspots("firstname")),
                               type.properties.add(hubspots("lastname"))};
    add_all(type, {hubspots("phone"), hubspots("company"), own("student_id"), own("sj_credits", ValueType::number),
                   own("cs_credits", ValueType::number), own("sjmini_credits", ValueType::number),
                   own("mock_discussion_token", ValueType::number), own("shared_mock_credits", ValueType::number),
                   own("ndecc_exam_date", ValueType::date), own("understudy_operation")});
}

void define_companies(ObjectType& type) {
    type.id = "0-2";
    type.name = "companies";
    type.singular = "COMPANY";
    type.spellings = {"company"};
    add_system_properties(type, "createdate", "hs_lastmodifieddate");
    type.default_properties = {type.properties.add(hubspots("name")), type.properties.add(hubspots("domain"))};
}

void define_notes(ObjectType& type) {
    type.id = "0-46";
    type.name = "notes";
    type.singular = "NOTE";
    type.spellings = {"note"};
    type.required = {"hs_timestamp"};
    add_system_properties(type, "hs_createdate", "hs_lastmodifieddate");
    add_all(type, {hubspots("hs_note_body"), hubspots("hs_timestamp", ValueType::datetime)});
}

std::initializer_list<const char*> mock_types = {"Situational Judgment", "Clinical Skills", "Mini-mock",
                                                 "Mock Discussion"};

void name_custom(ObjectType& type, std::string id, std::string name, std::int64_t portal_id) {
    type.id = std::move(id);
    type.singular = type.id;
    type.spellings = {"p_" + name, "p" + std::to_string(portal_id) + "_" + name};
    type.name = std::move(name);
    type.custom = true;
    add_system_properties(type, "hs_createdate", "hs_lastmodifieddate");
}

void define_exams(ObjectType& type) {
    auto activation = own("scheduled_activation_datetime", ValueType::datetime);
    activation.milliseconds_on_odd_ids = true;
    add_all(type, {own("mock_exam_name"), choice("mock_type", mock_types), own("location"),
                   choice("mock_set", {"A", "B", "C", "D", "E", "F", "G", "H"}), own("exam_date"),
                   own("start_time", ValueType::datetime), own("end_time", ValueType::datetime), activation,
                   own("capacity", ValueType::number), own("total_bookings", ValueType::number),
                   choice("is_active", {"true", "false", "scheduled"})});
    type.required = {"mock_exam_name"};
}

void define_bookings(ObjectType& type, const ObjectType& exams, const ObjectType& contacts) {
    add_all(type,
            {own("booking_id"), own("name"), own("email"),
             choice("token_used", {"Situational Judgment Token", "Clinical Skills Token", "Mini-mock Token",
                                   "Mock Discussion Token", "Shared Token", "Admin Override"}),
             unique_text("idempotency_key"),
             choice("attending_location", {"mississauga", "calgary", "vancouver", "montreal", "richmond_hill"}),
             own("dominant_hand", ValueType::boolean), choice("is_active", {"Active", "Completed", "Cancelled"}),
             choice("attendance", {"Yes", "No"}), own("token_refunded", ValueType::boolean),
             own("token_refunded_at", ValueType::datetime), own("token_refund_admin"), own("understudy_operation")});
    type.required = {"booking_id"};
    const auto follow = [&](const char* name, TypeIndex from_type, const ObjectType& from) {
        auto source = *from.properties.find(name);
        auto definition = from.properties[source];
        definition.source = PropertySource::calculated;
        definition.group = type.name + "_information";
        type.calculated.push_back({type.properties.add(std::move(definition)), from_type, source});
    };
    for (const auto* name : {"mock_type", "exam_date", "location", "start_time", "end_time"})
        follow(name, exams_type, exams);
    for (const auto* name : {"student_id", "ndecc_exam_date"})
        follow(name, contacts_type, contacts);
}

void both_ways(Store& store, AssociationDefinition definition, const char* inverse_label = "") {
    AssociationDefinition inverse{definition.to,   definition.from, definition.inverse_type_id, definition.type_id,
                                  definition.name, inverse_label,   definition.user_defined};
    store.associations.push_back(std::move(definition));
    store.associations.push_back(std::move(inverse));
}

} // namespace

void define_portal(Store& store, const SeedSettings& settings) {
    store.types.resize(5);
    define_contacts(store.types[contacts_type]);
    define_companies(store.types[companies_type]);
    define_notes(store.types[notes_type]);
    auto &exams = store.types[exams_type], &bookings = store.types[bookings_type];
    name_custom(exams, settings.exam_type, "mock_exams", store.portal_id);
    name_custom(bookings, settings.booking_type, "bookings", store.portal_id);
    define_exams(exams);
    define_bookings(bookings, exams, store.types[contacts_type]);

    both_ways(store, {contacts_type, companies_type, 279, 280, "contact_to_company"});
    both_ways(store, {bookings_type, contacts_type, settings.booking_to_contact, 1278, "booking_to_contact"});
    both_ways(store, {bookings_type, exams_type, settings.booking_to_exam, 1278, "booking_to_mock_exam"});
    both_ways(store, {notes_type, contacts_type, settings.note_to_contact, 201, "note_to_contact"});
    both_ways(store, {notes_type, companies_type, 190, 189, "note_to_company"});
    both_ways(store, {exams_type, notes_type, settings.exam_to_note, 1248, "mock_exam_to_note"});
    both_ways(store, {notes_type, bookings_type, settings.note_to_booking, 1251, "note_to_booking"});
    // Between records of one type the plain association is its own inverse.
    store.associations.push_back({exams_type, exams_type, 1338, 1338, "mock_exam_to_mock_exam"});
    both_ways(store,
              {exams_type, exams_type, settings.exam_requires_exam, 1339, "mock_exam_requires", "requires", true},
              "required by");
}

} // namespace hubspot_emulator
