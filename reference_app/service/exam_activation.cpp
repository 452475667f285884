#include "exam_activation.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace service {

struct ExamActivation::State : std::enable_shared_from_this<State> {
    State(RecordReader& with, Due finds, ExamDesk& writes, Now clock)
        : reader{with}
        , due{std::move(finds)}
        , desk{writes}
        , now{std::move(clock)} {}

    void begin() {
        report = {};
        ids.clear();
        begun = 0;
        const auto self = shared_from_this();
        reader.cover_exams(options, [self](understudy::error_code error) {
            if (error)
                return self->end(error);
            self->due(self->now(), [self](understudy::error_code failed, std::vector<std::string> found) {
                if (failed)
                    return self->end(failed);
                self->report.complete = true;
                self->ids = std::move(found);
                self->next();
            });
        });
    }

    void next() {
        report.stopped = stopped && begun < ids.size();
        if (stopped || begun == ids.size())
            return end(report.error);
        const auto first = begun;
        begun = std::min(begun + step, ids.size());
        // One more than there are, until all are begun.
        waiting = 1;
        for (auto at = first; at < begun; ++at) {
            ++waiting;
            desk.activate(ids[at], [self = shared_from_this(), id = ids[at]](const ExamResult& result) {
                self->note(id, result);
                self->arrived();
            });
        }
        arrived();
    }

    void note(const std::string& id, const ExamResult& result) {
        if (std::holds_alternative<ExamWritten>(result))
            return report.activated.push_back(id);
        // Somebody else was faster, or thought better of it: nothing is left to do.
        if (const auto* refusal = std::get_if<ExamRefusal>(&result))
            if (*refusal == ExamRefusal::not_due || *refusal == ExamRefusal::not_found)
                return;
        report.failed.push_back(id);
        std::visit(
            [this]<class T>(const T& outcome) {
                if constexpr (std::is_same_v<T, SourceUnavailable> || std::is_same_v<T, ReplicaUnavailable>)
                    report.error = outcome.error;
                else if constexpr (std::is_same_v<T, OutcomeUnknown>)
                    report.error = understudy::Errc::outcome_unknown;
                else
                    report.error = understudy::Errc::refused;
            },
            result);
    }

    void arrived() {
        if (--waiting == 0)
            next();
    }

    void end(understudy::error_code error) {
        report.error = error;
        const auto told = std::exchange(handlers, {});
        const auto said = std::move(report);
        for (const auto& handler : told)
            handler(said);
    }

    RecordReader& reader;
    Due due;
    ExamDesk& desk;
    Now now;
    understudy::ReadOptions options;
    std::vector<Handler> handlers;
    ActivationReport report;
    std::vector<std::string> ids;
    std::size_t begun = 0;
    std::size_t waiting = 0;
    bool stopped = false;
};

ExamActivation::ExamActivation(RecordReader& reader, Due due, ExamDesk& desk, std::chrono::milliseconds timeout,
                               Now now)
    : state_{std::make_shared<State>(reader, std::move(due), desk, std::move(now))} {
    state_->options.priority = understudy::Priority::background;
    state_->options.stale_if_error = false;
    state_->options.timeout = timeout;
}

void ExamActivation::run(Handler handler) {
    state_->handlers.push_back(std::move(handler));
    if (state_->handlers.size() > 1)
        return;
    if (state_->stopped)
        return state_->end(understudy::Errc::shutting_down);
    state_->begin();
}

void ExamActivation::stop() {
    state_->stopped = true;
}

bool ExamActivation::running() const noexcept {
    return !state_->handlers.empty();
}

} // namespace service
