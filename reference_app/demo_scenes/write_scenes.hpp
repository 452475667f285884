#pragma once

#include "booking_hall.hpp"

namespace demo {

/// A booking and its cancellation, a rush, and a crowd that wants one place.
void play_write_scenes(Scenery& scenery, BookingHall& hall);

} // namespace demo
