#pragma once

#include <understudy/http/client.hpp>
#include <understudy/hubspot/detail/parse.hpp>
#include <understudy/hubspot/error.hpp>
#include <understudy/hubspot/params.hpp>
#include <understudy/hubspot/paths.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/dispatch.hpp>

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

    /// The JSON of a good answer. Nothing, and no error, when the one record asked for is not there.
    std::optional<boost::json::value> accept(error_code& error, const http::Answer& answer,
                                             const CallKind& kind) const {
        Verdict verdict;
        if (error) {
            if (error == boost::asio::error::operation_aborted)
                return std::nullopt;
            verdict = judge_failure(error, answer, kind);
        } else {
            for (const auto& rate : rate_reports(answer, kind))
                report(rate);
            if (answer.status >= 200 && answer.status < 300) {
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
    error_code error{};
    Result result{};
};

template<class Result>
class CallOp {
public:
    CallOp(std::shared_ptr<Caller> caller, Call<Result> call)
        : caller_{std::move(caller)}
        , call_{std::make_unique<Call<Result>>(std::move(call))} {}

    template<class Self>
    void operator()(Self& self, error_code error = {}, http::Answer answer = {}) {
        switch (step_) {
        case Step::start: {
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            step_ = Step::asked;
            auto& request = call_->request;
            request.headers.push_back({"Authorization", "Bearer " + caller_->params.access_token});
            request.headers.push_back({"Accept", "application/json"});
            if (!request.body.empty())
                request.headers.push_back({"Content-Type", "application/json"});
            auto client = caller_->http;
            const auto timeout = call_->timeout;
            auto sent = std::move(request);
            return client.async_request(std::move(sent), timeout,
                                        boost::asio::bind_executor(client.get_executor(), std::move(self)));
        }
        case Step::asked:
            if (auto value = caller_->accept(error, answer, call_->kind)) {
                if (auto result = call_->parse(std::move(*value)))
                    call_->result = std::move(*result);
                else
                    caller_->refuse_answer(error, answer, call_->kind);
            }
            call_->error = error;
            step_ = Step::finished;
            return boost::asio::dispatch(std::move(self));
        case Step::finished:
            return self.complete(call_->error, std::move(call_->result));
        }
    }

private:
    enum class Step : std::uint8_t { start, asked, finished };

    std::shared_ptr<Caller> caller_;
    std::unique_ptr<Call<Result>> call_;
    Step step_ = Step::start;
};

template<class Result, class Token>
auto async_call(const std::shared_ptr<Caller>& caller, Call<Result> call, Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, Result)>(
        CallOp<Result>{caller, std::move(call)}, token, caller->http.get_executor());
}

} // namespace understudy::hubspot::detail
