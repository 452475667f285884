#pragma once

#include "customer.hpp"

#include <understudy/error.hpp>
#include <understudy/http/client.hpp>
#include <understudy/http/origin.hpp>
#include <understudy/partial.hpp>
#include <understudy/store.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The REST interface as a source. What is left to write for an interface of one's own is what only its author knows:
/// how to ask, how to read an answer, and what each failure means.
class CustomerSource {
    using Reading = understudy::Reading<Customer>;
    using Clock = std::chrono::steady_clock;

public:
    using record_type = Customer;

    explicit CustomerSource(understudy::http::Client client)
        : client_{std::move(client)} {}

    boost::asio::any_io_executor get_executor() const { return client_.get_executor(); }

    /// The interface takes so many ids in one request: `Coalescing` collects as many, `Budgeted` counts by it.
    template<class By>
    static constexpr std::size_t max_batch() {
        return 100;
    }

    /// See `understudy::FetchableBy`.
    template<std::same_as<understudy::ById<Customer>> By = understudy::ById<Customer>,
             class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<std::string> ids, const understudy::ReadOptions& options = {}, Token&& token = {}) {
        return boost::asio::async_compose<Token, understudy::FetchSignature<Customer>>(
            Fetch{client_, std::make_unique<Progress>(std::move(ids), Clock::now() + options.timeout)}, token, client_);
    }

private:
    struct Progress {
        Progress(std::vector<std::string> what, Clock::time_point until)
            : ids{std::move(what)}
            , deadline{until} {}
        std::vector<std::string> ids;
        Clock::time_point deadline;
        std::vector<Reading> readings{};
        std::size_t asked = 0;
    };

    // One request for each hundred ids, one after the other. The heap holds what must survive `std::move(self)`.
    struct Fetch {
        understudy::http::Client client;
        std::unique_ptr<Progress> progress;

        template<class Self>
        void operator()(Self& self) {
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            if (!progress->ids.empty())
                return go_on(self);
            // An operation never completes before the function that began it has returned.
            const auto executor = client.get_executor();
            boost::asio::post(executor, boost::asio::append(std::move(self), boost::system::error_code{},
                                                            understudy::http::Answer{}));
        }

        template<class Self>
        void operator()(Self& self, boost::system::error_code error, const understudy::http::Answer& answer) {
            const std::vector<std::string> ids{progress->ids.begin() + static_cast<long>(progress->readings.size()),
                                               progress->ids.begin() + static_cast<long>(progress->asked)};
            if (!error && !ids.empty())
                error = read(answer, ids, progress->readings);
            if (error)
                return self.complete(error, {});
            go_on(self);
        }

        template<class Self>
        void go_on(Self& self) {
            if (progress->asked == progress->ids.size())
                return self.complete({}, std::move(progress->readings));
            understudy::http::Request request;
            request.target = "/customers?ids=";
            const auto end = std::min(progress->asked + max_batch<understudy::ById<Customer>>(), progress->ids.size());
            for (const auto first = progress->asked; progress->asked < end; ++progress->asked)
                request.target +=
                    (progress->asked == first ? "" : ",") + understudy::http::encoded(progress->ids[progress->asked]);
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(progress->deadline - Clock::now());
            auto kept = client;
            kept.async_request(std::move(request), left, std::move(self));
        }
    };

    // Appends one reading for each id. A failure is named by what a caller can do about it.
    static boost::system::error_code read(const understudy::http::Answer& answer, const std::vector<std::string>& ids,
                                          std::vector<Reading>& readings) {
        using understudy::Errc;
        if (answer.status == 429)
            return Errc::rate_limited;
        if (answer.status == 401 || answer.status == 403)
            return Errc::unauthorized;
        if (answer.status >= 500)
            return Errc::unavailable;
        boost::system::error_code malformed;
        const auto body = boost::json::parse(answer.body, malformed);
        if (answer.status != 200 || malformed || !body.is_array())
            return Errc::malformed_answer;
        for (const auto& id : ids)
            readings.push_back(find(body.get_array(), id));
        return {};
    }

    // This interface promises that a customer whom it leaves out does not exist. Not every interface does.
    static Reading find(const boost::json::array& customers, const std::string& id) {
        for (const auto& value : customers) {
            const auto* customer = value.if_object();
            const auto* own = customer ? customer->if_contains("id") : nullptr;
            if (own && own->is_string() && own->get_string() == id)
                return decode(*customer);
        }
        return Reading::none(id);
    }

    // Only an answer that has every member makes a record.
    static Reading decode(const boost::json::object& json) {
        understudy::Partial<Customer> customer;
        understudy::Version version = understudy::no_version;
        if (const auto* id = json.if_contains("id"); id && id->is_string())
            customer.set<&Customer::id>(id->get_string().c_str());
        if (const auto* name = json.if_contains("name"); name && name->is_string())
            customer.set<&Customer::name>(name->get_string().c_str());
        if (const auto* email = json.if_contains("email"); email && email->is_string())
            customer.set<&Customer::email>(email->get_string().c_str());
        else if (email && email->is_null())
            customer.set<&Customer::email>(std::nullopt);
        if (const auto* credits = json.if_contains("credits"); credits && is_number_of_credits(*credits))
            customer.set<&Customer::credits>(static_cast<std::int32_t>(credits->get_int64()));
        else if (credits && credits->is_null())
            customer.set<&Customer::credits>(std::nullopt);
        if (const auto* stamp = json.if_contains("updated_at"); stamp && stamp->is_int64())
            version = understudy::Version{stamp->get_int64()};
        if (auto record = std::move(customer).complete())
            return Reading::of(std::move(*record), version);
        return Reading::failure(understudy::Errc::incomplete_record);
    }

    static bool is_number_of_credits(const boost::json::value& value) {
        return value.is_int64() && std::in_range<std::int32_t>(value.get_int64());
    }

    understudy::http::Client client_;
};
static_assert(understudy::Source<CustomerSource>);
