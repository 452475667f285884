#pragma once

#include "booking_hall.hpp"

namespace demo {

/// A rush in whose middle the service is killed; what became of it once the service is back.
void play_kill_scene(Scenery& scenery, BookingHall& hall);

} // namespace demo
