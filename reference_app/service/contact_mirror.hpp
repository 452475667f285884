#pragma once

#include "contact_credits.hpp"
#include "record_mirror.hpp"
#include "student_directory.hpp"

#include <memory>

namespace service {

struct MirrorParts;

/// Contacts, and who of them is a student.
class ContactMirror : public RecordMirror<ContactCredits> {
public:
    virtual StudentDirectory& students() = 0;
};

std::unique_ptr<ContactMirror> mirror_contacts(const MirrorParts& parts);

} // namespace service
