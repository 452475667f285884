#pragma once

#include "scenery.hpp"

namespace demo {

/// Logins, places and lists, cold and warm, alone and in crowds, and while the source is down.
void play_read_scenes(Scenery& scenery);

} // namespace demo
