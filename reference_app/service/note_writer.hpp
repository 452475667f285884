#pragma once

#include "note.hpp"
#include "type_writer.hpp"

#include <memory>

namespace service {

struct MirrorParts;

/// Writes notes to HubSpot; no replica holds them.
std::unique_ptr<TypeWriter<Note>> write_notes(const MirrorParts& parts);

} // namespace service
