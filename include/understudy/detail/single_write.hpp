#pragma once

#include <understudy/detail/deadline.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/error.hpp>
#include <understudy/operation_report.hpp>
#include <understudy/operations.hpp>
#include <understudy/read_options.hpp>
#include <understudy/record_json.hpp>
#include <understudy/write_options.hpp>
#include <understudy/write_report.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace understudy::detail {

// One write to one record, as an operation of its own. When the record was merged into another one, it is an operation
// on the survivor.
template<class R, class Operations>
class SingleWrite : public std::enable_shared_from_this<SingleWrite<R, Operations>> {
public:
    using Signature = void(error_code, WriteReport<R>);
    using Clock = typename Operations::clock_type;
    // Calls `carry_out`.
    using Start = std::function<void(SingleWrite&)>;

    template<class Handler>
    SingleWrite(Operations operations, const std::string& record, const std::string& kind, std::optional<key_t<R>> key,
                Start start, const WriteOptions& options, Handler handler)
        : operations_{std::move(operations)}
        , kind_{record + "." + kind}
        , lock_{record + "/"}
        , key_{std::move(key)}
        , start_{std::move(start)}
        , options_{options}
        , deadline_{deadline_after<Clock>(options.timeout)}
        , handler_{operations_.get_executor(), std::move(handler)} {}

    void start() { start_(*this); }

    const key_t<R>& key() const noexcept { return *key_; }
    ReadOptions read_options() const {
        ReadOptions how;
        how.priority = options_.priority;
        how.timeout = time_until<Clock>(deadline_);
        return how;
    }

    void merged_into(const key_t<R>& survivor) { survivor_ = survivor; }

    // `what`: a plan, or how to decide it.
    template<class What>
    void carry_out(What what) {
        OperationRequest request;
        request.kind = kind_;
        if (key_)
            request.keys = {lock_ + key_to_text<R>(*key_)};
        request.timeout = time_until<Clock>(deadline_);
        auto on_report = [self = this->shared_from_this()](error_code error, const OperationReport& report) {
            self->on_report(error, report);
        };
        operations_.async_carry_out(std::move(request), std::move(what),
                                    boost::asio::bind_cancellation_slot(
                                        handler_.get_cancellation_slot(),
                                        boost::asio::bind_executor(operations_.get_executor(), std::move(on_report))));
    }

private:
    static constexpr int most_merges = 3;

    void on_report(error_code error, const OperationReport& report) {
        WriteReport<R> written;
        written.replica_pending = report.replica_pending;
        if (!report.steps.empty()) {
            written.key = key_from_text<R>(report.steps.front().key).value_or(key_t<R>{});
            written.version = report.steps.front().version;
        }
        if (error == Errc::record_merged && key_ && merges_++ < most_merges) {
            const auto survivor = survivor_ ? *std::exchange(survivor_, {}) : written.key;
            if (survivor != key_t<R>{} && survivor != *key_) {
                key_ = survivor;
                return start();
            }
        }
        handler_(error, std::move(written));
    }

    Operations operations_;
    std::string kind_;
    std::string lock_;
    std::optional<key_t<R>> key_;
    Start start_;
    WriteOptions options_;
    typename Clock::time_point deadline_;
    ErasedHandler<Signature> handler_;
    std::optional<key_t<R>> survivor_{};
    int merges_ = 0;
};

} // namespace understudy::detail
