#pragma once

#include "report.hpp"
#include "stage.hpp"

#include <functional>
#include <string>

namespace demo {

/// Plays the scenes in order against a service with an empty replica; `narrate` is told what comes next. Throws
/// `std::exception` if a server cannot be reached at all.
Report play(const Stage& stage, const std::function<void(const std::string&)>& narrate);

} // namespace demo
