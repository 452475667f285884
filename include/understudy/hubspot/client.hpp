#pragma once

#include <understudy/hubspot/detail/caller.hpp>
#include <understudy/hubspot/object.hpp>
#include <understudy/hubspot/params.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot {

/// The calls of HubSpot's CRM API that records need, one method a call, in one version of the API and with one token.
///
/// A handle: copies share connections. Use it from its executor only; handlers run there unless they have an executor
/// of their own. Every call tells `Params::on_rate` what it learned of the limits, and `Params::on_error` why it
/// failed.
///
/// Every method completes with `void(boost::system::error_code, Result)`, its errors are `Errc` values as
/// `hubspot/error.hpp` assigns them, and `timeout` covers the whole call. *Cancellation*: terminal, partial and total,
/// with `operation_aborted`.
class Client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Throws `std::invalid_argument` or `std::runtime_error` as `http::Client` does. Connects on the first call.
    Client(executor_type executor, Params params)
        : caller_{std::make_shared<detail::Caller>(std::move(executor), std::move(params))} {}

    executor_type get_executor() const { return caller_->http.get_executor(); }

    /// One record; `std::nullopt` if the server says that there is none. Its id differs from the one asked for when
    /// that one was merged into another record.
    template<class Token = boost::asio::deferred_t>
    auto async_read(std::string_view type, std::string_view id, const ReadQuery& query,
                    std::chrono::milliseconds timeout, Token&& token = {}) {
        std::string target = caller_->paths.object(type, id) + archived(query);
        append(target, "properties", query.properties);
        if (!query.history_of.empty())
            append(target, "propertiesWithHistory", {query.history_of});
        if (!query.id_property.empty())
            target += "&idProperty=" + http::encoded(query.id_property);
        CallKind kind{named("read", type)};
        kind.by_id = true;
        constexpr auto parse = [](boost::json::value&& value) -> std::optional<std::optional<Object>> {
            if (auto object = detail::parse_object(std::move(value)))
                return object;
            return std::nullopt;
        };
        return start<std::optional<Object>>(get(std::move(target)), std::move(kind), timeout, parse,
                                            std::forward<Token>(token));
    }

    /// Up to 100 records (50 with a history), by ids or by a property with unique values; see `BatchAnswer` for what to
    /// expect.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_read(std::string_view type, const std::vector<std::string>& inputs, const ReadQuery& query,
                          std::chrono::milliseconds timeout, Token&& token = {}) {
        boost::json::object body{{"inputs", ids(inputs)}, {"properties", texts(query.properties)}};
        if (!query.id_property.empty())
            body.emplace("idProperty", query.id_property);
        if (!query.history_of.empty())
            body.emplace("propertiesWithHistory", texts({query.history_of}));
        return start<BatchAnswer>(post(caller_->paths.batch_read(type) + archived(query), body),
                                  CallKind{named("batch read", type)}, timeout, detail::parse_batch,
                                  std::forward<Token>(token));
    }

    /// Writes the properties of up to 100 records, each once. See `WriteAnswer` for what to expect; an error that says
    /// `applied_unknown` leaves open whether anything was written, `refused` and `conflict` say that nothing was.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_update(std::string_view type, const std::vector<WriteInput>& inputs,
                            std::chrono::milliseconds timeout, Token&& token = {}) {
        return write("update", type, inputs, timeout, std::forward<Token>(token));
    }

    /// Makes up to 100 records, each with its associations. As `async_batch_update`.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_create(std::string_view type, const std::vector<WriteInput>& inputs,
                            std::chrono::milliseconds timeout, Token&& token = {}) {
        return write("create", type, inputs, timeout, std::forward<Token>(token));
    }

    /// Archives up to 100 records; only their ids count. The answer names none of them. As `async_batch_update`.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_archive(std::string_view type, const std::vector<WriteInput>& inputs,
                             std::chrono::milliseconds timeout, Token&& token = {}) {
        return write("archive", type, inputs, timeout, std::forward<Token>(token));
    }

    /// A page of all records, by ascending id.
    template<class Token = boost::asio::deferred_t>
    auto async_list(std::string_view type, const ListQuery& query, std::chrono::milliseconds timeout,
                    Token&& token = {}) {
        std::string target = caller_->paths.objects(type) + "?archived=false&limit=" + std::to_string(query.limit);
        append(target, "properties", query.properties);
        if (!query.after.empty())
            target += "&after=" + http::encoded(query.after);
        return start<Page>(get(std::move(target)), CallKind{named("list", type)}, timeout, detail::parse_page,
                           std::forward<Token>(token));
    }

    /// A page of a search; `body` is the JSON that the vendor documents, at most 3,000 characters.
    template<class Token = boost::asio::deferred_t>
    auto async_search(std::string_view type, std::string body, std::chrono::milliseconds timeout, Token&& token = {}) {
        CallKind kind{named("search", type)};
        kind.search = true;
        http::Request request{http::Method::post, caller_->paths.search(type), {}, std::move(body), true};
        return start<Page>(std::move(request), std::move(kind), timeout, detail::parse_page,
                           std::forward<Token>(token));
    }

    /// The records of type `to` that one record is connected with, up to 500; `after` is from the page before, empty
    /// for the first. `std::nullopt` if the server says that the record is not there.
    template<class Token = boost::asio::deferred_t>
    auto async_associations(std::string_view from, std::string_view id, std::string_view to, std::string_view after,
                            std::chrono::milliseconds timeout, Token&& token = {}) {
        std::string target = caller_->paths.associations(from, id, to) + "?limit=500";
        if (!after.empty())
            target += "&after=" + http::encoded(after);
        CallKind kind{named("associations", from)};
        kind.by_id = true;
        constexpr auto parse = [](boost::json::value&& value) -> std::optional<std::optional<Associations>> {
            if (auto associations = detail::parse_associations(std::move(value)))
                return associations;
            return std::nullopt;
        };
        return start<std::optional<Associations>>(get(std::move(target)), std::move(kind), timeout, parse,
                                                  std::forward<Token>(token));
    }

    /// The same for up to 1,000 records. Long lists are continued with `async_associations`.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_associations(std::string_view from, std::string_view to, const std::vector<std::string>& inputs,
                                  std::chrono::milliseconds timeout, Token&& token = {}) {
        const boost::json::object body{{"inputs", ids(inputs)}};
        return start<AssociationsAnswer>(post(caller_->paths.associations_batch(from, to, "read"), body),
                                         CallKind{named("batch associations", from)}, timeout,
                                         detail::parse_associations_batch, std::forward<Token>(token));
    }

    /// Connects up to 2,000 pairs of records; connecting a pair again changes nothing. See `ConnectionsAnswer` for what
    /// to expect, and `async_batch_update` for what an error says.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_connect(std::string_view from, std::string_view to, const AssociationType& type,
                             const std::vector<Connection>& pairs, std::chrono::milliseconds timeout,
                             Token&& token = {}) {
        return connect("create", from, to, type, pairs, timeout, std::forward<Token>(token));
    }

    /// Ends connections of this type, not those of others; what is not connected is passed over. The answer names none.
    /// As `async_batch_connect`.
    template<class Token = boost::asio::deferred_t>
    auto async_batch_disconnect(std::string_view from, std::string_view to, const AssociationType& type,
                                const std::vector<Connection>& pairs, std::chrono::milliseconds timeout,
                                Token&& token = {}) {
        return connect("labels/archive", from, to, type, pairs, timeout, std::forward<Token>(token));
    }

    /// The properties that a type has; archived ones are left out.
    template<class Token = boost::asio::deferred_t>
    auto async_properties(std::string_view type, std::chrono::milliseconds timeout, Token&& token = {}) {
        return start<std::vector<PropertyDefinition>>(get(caller_->paths.properties(type)),
                                                      CallKind{named("properties", type)}, timeout,
                                                      detail::parse_properties, std::forward<Token>(token));
    }

    /// Whose data the token reads.
    template<class Token = boost::asio::deferred_t>
    auto async_account(std::chrono::milliseconds timeout, Token&& token = {}) {
        return start<Account>(get(caller_->paths.account()), CallKind{"account"}, timeout, detail::parse_account,
                              std::forward<Token>(token));
    }

    /// Passes a failure on to `Params::on_error`.
    void report(const ErrorDetail& detail) const { caller_->report(detail); }
    /// See `Params::permit`.
    const Permit& permit() const noexcept { return caller_->params.permit; }

    /// See `http::Client::close`.
    void close() { caller_->http.close(); }

    /// See `http::Client::async_drain`.
    template<class Token = boost::asio::deferred_t>
    auto async_drain(Token&& token = {}) {
        return caller_->http.async_drain(std::forward<Token>(token));
    }

    http::Stats stats() const { return caller_->http.stats(); }

private:
    static std::string named(std::string_view what, std::string_view type) {
        return std::string{what} + " " + std::string{type};
    }

    static http::Request get(std::string target) { return {http::Method::get, std::move(target)}; }
    // These posts ask; asking twice does no harm.
    static http::Request post(std::string target, const boost::json::object& body) {
        return {http::Method::post, std::move(target), {}, boost::json::serialize(body), true};
    }

    static const char* archived(const ReadQuery& query) {
        return query.archived ? "?archived=true" : "?archived=false";
    }

    static void append(std::string& target, std::string_view name, const std::vector<std::string>& values) {
        if (values.empty())
            return;
        target.append("&").append(name).append("=");
        for (std::size_t i = 0; i < values.size(); ++i)
            target += (i ? "," : "") + http::encoded(values[i]);
    }

    static boost::json::array texts(const std::vector<std::string>& values) {
        boost::json::array array;
        for (const auto& value : values)
            array.emplace_back(value);
        return array;
    }
    static boost::json::array ids(const std::vector<std::string>& inputs) {
        boost::json::array array;
        for (const auto& input : inputs)
            array.emplace_back(boost::json::object{{"id", input}});
        return array;
    }

    static boost::json::object row(const WriteInput& input, bool archive) {
        boost::json::object row;
        if (!input.id.empty())
            row.emplace("id", input.id);
        if (archive)
            return row;
        row.emplace("properties", input.properties);
        if (!input.trace.empty())
            row.emplace("objectWriteTraceId", input.trace);
        boost::json::array associations;
        for (const auto& to : input.associations) {
            associations.push_back({{"to", {{"id", to.to_id}}}, {"types", types(to.category, to.type_id)}});
        }
        if (!associations.empty())
            row.emplace("associations", std::move(associations));
        return row;
    }

    static boost::json::array types(std::string_view category, std::int64_t type_id) {
        return {boost::json::object{{"associationCategory", category}, {"associationTypeId", type_id}}};
    }

    template<class Token>
    auto connect(std::string_view what, std::string_view from, std::string_view to, const AssociationType& type,
                 const std::vector<Connection>& pairs, std::chrono::milliseconds timeout, Token&& token) {
        boost::json::array rows;
        for (const auto& pair : pairs)
            rows.push_back({{"from", {{"id", pair.from_id}}},
                            {"to", {{"id", pair.to_id}}},
                            {"types", types(type.category, type.type_id)}});
        http::Request request{http::Method::post, caller_->paths.associations_batch(from, to, what)};
        request.body = boost::json::serialize(boost::json::object{{"inputs", std::move(rows)}});
        CallKind kind{named("batch associations " + std::string{what}, from)};
        kind.write = true;
        return start<ConnectionsAnswer>(std::move(request), std::move(kind), timeout, detail::parse_connections,
                                        std::forward<Token>(token));
    }

    template<class Token>
    auto write(std::string_view what, std::string_view type, const std::vector<WriteInput>& inputs,
               std::chrono::milliseconds timeout, Token&& token) {
        boost::json::array rows;
        for (const auto& input : inputs)
            rows.emplace_back(row(input, what == "archive"));
        http::Request request{http::Method::post, caller_->paths.batch(type, what)};
        request.body = boost::json::serialize(boost::json::object{{"inputs", std::move(rows)}});
        CallKind kind{named("batch " + std::string{what}, type)};
        kind.write = true;
        return start<WriteAnswer>(std::move(request), std::move(kind), timeout, detail::parse_written,
                                  std::forward<Token>(token));
    }

    template<class Result, class Token>
    auto start(http::Request request, CallKind kind, std::chrono::milliseconds timeout,
               typename detail::Call<Result>::Parse parse, Token&& token) {
        return detail::async_call(caller_, detail::Call<Result>{std::move(request), std::move(kind), timeout, parse},
                                  std::forward<Token>(token));
    }

    std::shared_ptr<detail::Caller> caller_;
};

} // namespace understudy::hubspot
