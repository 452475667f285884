#pragma once

#include "credit_rules.hpp"
#include "record_reader.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace service {

/// How far a warm-up is.
struct WarmUpProgress {
    /// Exams on offer whose bookings the replica holds.
    std::size_t done = 0;
    /// Those whose bookings could not be read; they are read when somebody asks.
    std::size_t failed = 0;
    std::size_t total = 0;
    bool ended = false;
    /// The last failure.
    understudy::error_code error;
};

/// Fills a cold replica with what is asked for first: the exams on offer, and their bookings. It works as background,
/// step by step, one step at a time; whoever needs something at once overtakes it. A step that fails is left to those
/// who ask.
class WarmUp {
public:
    using IdsHandler = std::function<void(understudy::error_code, std::vector<std::string>)>;
    using OnOffer = std::function<void(MockType, IdsHandler)>;
    using Observer = std::function<void(const WarmUpProgress&)>;

    /// Exams whose bookings are read in one step.
    static constexpr std::size_t step = 100;

    /// `on_offer` says which exams of a kind the replica knows to be on offer. The reader must outlive the warm-up.
    WarmUp(RecordReader& reader, OnOffer on_offer, Observer observer,
           std::chrono::milliseconds step_timeout = std::chrono::minutes{5});

    void start();
    /// Begins no further step, and tells the observer nothing more.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace service
