#pragma once

#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/store_ops.hpp>
#include <understudy/hubspot/object_traits.hpp>
#include <understudy/read_options.hpp>
#include <understudy/store.hpp>

#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot {

/// The records of one object type of a HubSpot account, as a source.
///
/// A record is answered complete or not at all. A property that is null is "no value", as is one that the answer leaves
/// out while the account still defines it, if the record has no null beside it (accounts differ; one that writes nulls
/// leaves nothing out, and the record then fails with `incomplete_record`); one that the account does not define any
/// more fails the record with `schema_mismatch`, a value of another type with `malformed_answer`, and no value for a
/// member that must have one with `incomplete_record`. `Params::on_error` names the properties.
///
/// A handle: copies share the client. Use it from the client's executor only; handlers run there unless they have an
/// executor of their own.
template<HubspotRecord R>
class Store {
public:
    using record_type = R;
    using executor_type = Client::executor_type;

    /// Every portal has type ids of its own for custom objects; the default is what the record's traits say.
    explicit Store(Client client, std::string object_type = std::string{ObjectTraits<R>::object_type}) {
        auto definitions = std::make_shared<detail::Definitions>(client, object_type);
        state_ = std::make_shared<detail::StoreState>(
            detail::StoreState{std::move(client), std::move(object_type), std::move(definitions)});
    }

    executor_type get_executor() const { return state_->client.get_executor(); }
    const std::string& object_type() const noexcept { return state_->type; }

    /// How many values one call carries, reading and searching alike.
    template<IndexTag By>
    static constexpr std::size_t max_batch() {
        return 100;
    }

    /// Reads the records of any number of values, by id or by a property with unique values, 100 a call, one call after
    /// the other. A record that was merged away is answered by its survivor, under the survivor's id.
    ///
    /// *Signature*: `FetchSignature<R>`. *Errors*: those of `Client` when no call was answered; when some were, or when
    /// one record alone is wrong, the readings say so. Only `options.timeout` is looked at. *Cancellation*: terminal,
    /// partial and total, with `operation_aborted`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<typename By::value_type> values, ReadOptions options, Token&& token = {}) {
        return detail::async_op<FetchSignature<R>>(state_, detail::FetchOp<R, By>{state_, options.timeout, values},
                                                   std::forward<Token>(token));
    }

    /// Searches for the records whose property has one of the values, in any case of its letters; as many values a
    /// search as its limits allow. The hits are compared again, for the index lags; values that no search can carry
    /// have none.
    ///
    /// *Signature*: `SearchSignature<R>`. *Errors* and *cancellation* as above.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires(!understudy::detail::is_by_id<By>) auto async_search(std::vector<typename By::value_type> values,
                                                                  ReadOptions options, Token&& token = {}) {
        return detail::async_op<SearchSignature<R>>(state_, detail::SearchOp<R, By>{state_, options.timeout, values},
                                                    std::forward<Token>(token));
    }

    /// Checks that the account defines every property of the record. To be done once, at the start.
    ///
    /// *Signature*: `void(error_code, std::vector<std::string>)`, with the names of those that are missing.
    /// *Errors*: `schema_mismatch` if any is; those of `Client`. *Cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    auto async_check_properties(std::chrono::milliseconds timeout, Token&& token = {}) {
        return detail::async_op<void(boost::system::error_code, std::vector<std::string>)>(
            state_, detail::CheckOp{state_, timeout, property_names<R>()}, std::forward<Token>(token));
    }

private:
    std::shared_ptr<detail::StoreState> state_;
};

} // namespace understudy::hubspot
