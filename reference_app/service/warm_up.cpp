#include "warm_up.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace service {

namespace {

constexpr std::array kinds{MockType::situational_judgment, MockType::clinical_skills, MockType::mini_mock,
                           MockType::mock_discussion};

} // namespace

struct WarmUp::State : std::enable_shared_from_this<State> {
    State(RecordReader& with, OnOffer offers, Observer tell)
        : reader{with}
        , on_offer{std::move(offers)}
        , observer{std::move(tell)} {}

    void begin() {
        reader.cover_exams(options, [self = shared_from_this()](understudy::error_code error) {
            if (error)
                return self->end(error);
            self->list(0);
        });
    }

    void list(std::size_t kind) {
        if (kind == kinds.size()) {
            progress.total = ids.size();
            return next();
        }
        on_offer(kinds[kind],
                 [self = shared_from_this(), kind](understudy::error_code error, std::vector<std::string> found) {
                     if (error)
                         return self->end(error);
                     self->ids.insert(self->ids.end(), found.begin(), found.end());
                     self->list(kind + 1);
                 });
    }

    void next() {
        if (stopped)
            return;
        const auto begun = progress.done + progress.failed;
        if (begun == ids.size())
            return end({});
        observer(progress);
        const auto count = std::min(step, ids.size() - begun);
        const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begun);
        reader.cover_bookings_of_exams({first, first + static_cast<std::ptrdiff_t>(count)}, options,
                                       [self = shared_from_this(), count](understudy::error_code error) {
                                           (error ? self->progress.failed : self->progress.done) += count;
                                           if (error)
                                               self->progress.error = error;
                                           self->next();
                                       });
    }

    void end(understudy::error_code error) {
        if (stopped)
            return;
        if (error)
            progress.error = error;
        progress.ended = true;
        observer(progress);
    }

    RecordReader& reader;
    OnOffer on_offer;
    Observer observer;
    understudy::ReadOptions options;
    std::vector<std::string> ids;
    WarmUpProgress progress;
    bool stopped = false;
};

WarmUp::WarmUp(RecordReader& reader, OnOffer on_offer, Observer observer, std::chrono::milliseconds step_timeout)
    : state_{std::make_shared<State>(reader, std::move(on_offer), std::move(observer))} {
    state_->options.priority = understudy::Priority::background;
    state_->options.stale_if_error = false;
    state_->options.timeout = step_timeout;
}

void WarmUp::start() {
    state_->begin();
}

void WarmUp::stop() {
    state_->stopped = true;
}

} // namespace service
