#include "scenes.hpp"

#include "booking_hall.hpp"
#include "kill_scene.hpp"
#include "read_scenes.hpp"
#include "write_scenes.hpp"

namespace demo {

Report play(const Stage& stage, const std::function<void(const std::string&)>& narrate) {
    Scenery scenery{stage, narrate};
    scenery.report.latency_ms = scenery.emulator.latency_ms();
    play_read_scenes(scenery);
    BookingHall hall{scenery};
    play_write_scenes(scenery, hall);
    play_kill_scene(scenery, hall);
    return scenery.report;
}

} // namespace demo
