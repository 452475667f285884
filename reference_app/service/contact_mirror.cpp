#include "contact_mirror.hpp"

#include "cached_student_directory.hpp"
#include "contact_credits_stores.hpp"
#include "note_stores.hpp"
#include "note_writer.hpp"
#include "stacked_mirror.hpp"

#include <understudy/no_replica.hpp>

#include <utility>

namespace service {
namespace {

understudy::hubspot::ObjectParams<ContactCredits> contacts_at(const SourceTypes& types) {
    understudy::hubspot::ObjectParams<ContactCredits> params;
    params.object_type = types.contacts;
    return params;
}

understudy::hubspot::ObjectParams<Note> notes_at(const SourceTypes& types) {
    understudy::hubspot::ObjectParams<Note> params;
    params.object_type = types.notes;
    auto& contact = params.link<&Note::contact_id>();
    contact.to = types.contacts;
    contact.type_id = types.note_to_contact;
    auto& booking = params.link<&Note::booking_id>();
    booking.to = types.bookings;
    booking.type_id = types.note_to_booking;
    return params;
}

class StackedContacts final : public StackedMirror<ContactCredits, ContactMirror> {
public:
    explicit StackedContacts(const MirrorParts& parts)
        : StackedMirror{parts, contacts_at(parts.types)}
        , students_{cache(), parts.reading, [this] { return source_fails(); }} {}

    StudentDirectory& students() override { return students_; }

private:
    CachedStudentDirectory<Cache> students_;
};

} // namespace

std::unique_ptr<ContactMirror> mirror_contacts(const MirrorParts& parts) {
    return std::make_unique<StackedContacts>(parts);
}

std::unique_ptr<TypeWriter<Note>> write_notes(const MirrorParts& parts) {
    understudy::hubspot::Store<Note> objects{parts.client, notes_at(parts.types)};
    understudy::Coalescing source{understudy::Guarded{understudy::Budgeted{std::move(objects), parts.budget}}};
    understudy::WriteThroughSync sync{std::move(source), understudy::NoReplica<Note>{}, parts.operations};
    return std::make_unique<JournaledTypeWriter<decltype(sync)>>(std::move(sync));
}

} // namespace service
