#pragma once

#include "exam_desk.hpp"
#include "record_reader.hpp"
#include "wall_clock.hpp"

#include <understudy/date_time.hpp>
#include <understudy/error.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace service {

/// What one run of the activation did.
struct ActivationReport {
    std::vector<std::string> activated;
    std::vector<std::string> failed;
    /// Why nobody could say which exams are due, or the last of the failures.
    understudy::error_code error{};
    /// The exams that are due were known.
    bool complete = false;
    /// Some were left, for the service stops.
    bool stopped = false;

    bool success() const noexcept { return complete && failed.empty() && !stopped; }
};

/// Puts scheduled exams on offer whose time has come, as many as there are: which these are says the replica, once it
/// holds all exams; each is decided on under its own lock. Triggers while it runs wait for the same run.
class ExamActivation {
public:
    /// Exams that are activated side by side: as many as one call to the source carries.
    static constexpr std::size_t step = 100;

    using Handler = std::function<void(const ActivationReport&)>;
    using IdsHandler = std::function<void(understudy::error_code, std::vector<std::string>)>;
    /// Finds the scheduled exams whose time is up by then, as the replica knows them.
    using Due = std::function<void(understudy::Timestamp, IdsHandler)>;
    using Now = std::function<understudy::Timestamp()>;

    ExamActivation(RecordReader& reader, Due due, ExamDesk& desk, std::chrono::milliseconds timeout,
                   Now now = &wall_clock_now);

    /// The handler is called once, from the same thread, possibly before the call returns.
    void run(Handler handler);
    /// Begins nothing more; what is under way ends.
    void stop();
    /// Whether a run is under way.
    bool running() const noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace service
