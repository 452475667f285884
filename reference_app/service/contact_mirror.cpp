#include "contact_mirror.hpp"

#include "cached_student_directory.hpp"
#include "contact_credits_stores.hpp"
#include "stacked_mirror.hpp"

namespace service {
namespace {

understudy::hubspot::ObjectParams<ContactCredits> contacts_at(const SourceTypes& types) {
    understudy::hubspot::ObjectParams<ContactCredits> params;
    params.object_type = types.contacts;
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

} // namespace service
