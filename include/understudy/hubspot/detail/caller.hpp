#pragma once

#include <understudy/http/client.hpp>
#include <understudy/hubspot/detail/parse.hpp>
#include <understudy/hubspot/error.hpp>
#include <understudy/hubspot/params.hpp>
#include <understudy/hubspot/paths.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace understudy::hubspot::detail {

/// What all calls to one account share.
struct Caller {
    Caller(boost::asio::any_io_executor executor, Params given)
        : params{std::move(given)}
        , paths{params.api_version}
        , http{std::move(executor), http_params(params)} {}

    static http::Params http_params(const Params& params) {
        http::Params settings;
        settings.origin = params.base_url;
        settings.ca_file = params.ca_file;
        settings.max_connections = params.max_connections;
        return settings;
    }

    void report(const RateReport& report) const {
        if (params.on_rate)
            params.on_rate(report);
    }
    void report(const ErrorDetail& detail) const {
        if (params.on_error)
            params.on_error(detail);
    }

    /// The JSON of a good answer. Nothing, and no error, when the one record asked for is not there. `asked` is when
    /// the call was made; `verdict` says more about an error.
    std::optional<boost::json::value> accept(error_code& error, Verdict& verdict, const http::Answer& answer,
                                             const CallKind& kind, std::chrono::steady_clock::time_point asked) const {
        if (error) {
            if (error == boost::asio::error::operation_aborted)
                return std::nullopt;
            verdict = judge_failure(error, answer, kind);
        } else {
            for (auto& rate : rate_reports(answer, kind)) {
                rate.elapsed = std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - asked);
                report(rate);
            }
            if (answer.status >= 200 && answer.status < 300) {
                if (answer.status == 204)
                    return boost::json::value{};
                if (auto value = parse_json(answer.body))
                    return value;
                refuse_answer(error, answer, kind);
                return std::nullopt;
            }
            const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
            verdict = judge(answer, kind, now);
            if (verdict.rate)
                report(*verdict.rate);
        }
        error = verdict.detail.error;
        if (error)
            report(verdict.detail);
        return std::nullopt;
    }

    void refuse_answer(error_code& error, const http::Answer& answer, const CallKind& kind) const {
        error = Errc::malformed_answer;
        ErrorDetail detail;
        detail.operation = kind.operation;
        detail.error = error;
        detail.status = answer.status;
        detail.reason = "the body is not what this call answers with";
        detail.correlation_id = answer.header("X-HubSpot-Correlation-Id");
        report(detail);
    }

    Params params;
    Paths paths;
    http::Client http;
};

/// One call: a request, and how its answer is read.
template<class Result>
struct Call {
    using Parse = std::optional<Result> (*)(boost::json::value&&);

    http::Request request;
    CallKind kind;
    std::chrono::milliseconds timeout;
    Parse parse;
};

template<class Result>
using CallHandler = understudy::detail::ErasedHandler<void(boost::system::error_code, Result)>;

template<class Result>
class CallOp {
public:
    CallOp(std::shared_ptr<Caller> caller, Call<Result> call)
        : caller_{std::move(caller)}
        , call_{std::make_unique<Call<Result>>(std::move(call))} {}

    template<class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        asked_ = std::chrono::steady_clock::now();
        auto request = std::move(call_->request);
        request.headers.push_back({"Authorization", "Bearer " + caller_->params.access_token});
        request.headers.push_back({"Accept", "application/json"});
        if (!request.body.empty())
            request.headers.push_back({"Content-Type", "application/json"});
        auto client = caller_->http;
        const auto timeout = call_->timeout;
        client.async_request(std::move(request), timeout, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, error_code error, const http::Answer& answer) {
        Result result{};
        Verdict verdict;
        if (auto value = caller_->accept(error, verdict, answer, call_->kind, asked_)) {
            if (auto parsed = call_->parse(std::move(*value)))
                result = std::move(*parsed);
            else
                caller_->refuse_answer(error, answer, call_->kind);
        }
        if constexpr (requires { result.existing_id; })
            if (error)
                result.existing_id = std::move(verdict.detail.existing_id);
        self.complete(error, std::move(result));
    }

private:
    std::shared_ptr<Caller> caller_;
    std::unique_ptr<Call<Result>> call_;
    std::chrono::steady_clock::time_point asked_{};
};

/// Compiled once for each kind of result, however many callers there are.
template<class Result>
void start_call(const std::shared_ptr<Caller>& caller, Call<Result> call, CallHandler<Result> handler) {
    boost::asio::async_compose<CallHandler<Result>, void(boost::system::error_code, Result)>(
        CallOp<Result>{caller, std::move(call)}, handler, caller->http.get_executor());
}

template<class Result, class Token>
auto async_call(const std::shared_ptr<Caller>& caller, Call<Result> call, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, Result)>(
        [](auto handler, const std::shared_ptr<Caller>& started_by, Call<Result> started) {
            start_call<Result>(started_by, std::move(started), {started_by->http.get_executor(), std::move(handler)});
        },
        token, caller, std::move(call));
}

} // namespace understudy::hubspot::detail
