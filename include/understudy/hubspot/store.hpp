#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/check_machine.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/read_operation.hpp>
#include <understudy/hubspot/detail/search_machine.hpp>
#include <understudy/hubspot/detail/set_machine.hpp>
#include <understudy/hubspot/detail/whole_machine.hpp>
#include <understudy/hubspot/object_params.hpp>
#include <understudy/read_options.hpp>
#include <understudy/store.hpp>

#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::hubspot {

namespace detail {

template<class By>
inline constexpr bool is_property_index = false;
template<class By>
requires requires {
    By::member;
}
inline constexpr bool is_property_index<By> = is_property<By::member>;

template<class By>
inline constexpr bool is_link_index = false;
template<class By>
requires requires {
    By::member;
}
inline constexpr bool is_link_index<By> = is_link<By::member>;

} // namespace detail

/// The records of one object type of a HubSpot account, as a source.
///
/// A record is answered complete or not at all. A property that is null is "no value", as is one that the answer leaves
/// out while the account still defines it, if the record has no null beside it (accounts differ; one that writes nulls
/// leaves nothing out, and the record then fails with `incomplete_record`); one that the account does not define any
/// more fails the record with `schema_mismatch`, a value of another type with `malformed_answer`, and no value for a
/// member that must have one with `incomplete_record`. A link whose associations cannot be read to their end fails the
/// record with the error of that call. `Params::on_error` names the properties.
///
/// A handle: copies share the client. Use it from the client's executor only; handlers run there unless they have an
/// executor of their own. Every operation makes the calls that do not wait for each other's answers at the same time,
/// up to 12; every call but its first takes a permit (`Params::permit`).
template<HubspotRecord R>
class Store {
public:
    using record_type = R;
    using executor_type = Client::executor_type;

    /// The default is what the record's traits say.
    explicit Store(Client client, ObjectParams<R> params = {}) {
        auto type = params.object_type;
        state_ = std::make_shared<State>(std::move(client), std::move(type));
        state_->portal.object = std::move(params);
    }

    executor_type get_executor() const { return state_->client.get_executor(); }
    const std::string& object_type() const noexcept { return state_->type; }

    /// How many values one call carries: 1,000 parents of sets; reading and searching, 100.
    template<IndexTag By>
    static constexpr std::size_t max_batch() {
        return detail::is_link_index<By> ? detail::max_association_batch : 100;
    }

    /// Reads the records of any number of values, by id or by a property with unique values, 100 a call. A record that
    /// was merged away is answered by its survivor, under the survivor's id. Links are read beside the properties, for
    /// 1,000 records a call, or 100 once the server refused more; those that depend on the record (`Link::where`) and
    /// those of records that are not asked for by id, after them.
    ///
    /// *Signature*: `FetchSignature<R>`. *Errors*: those of `Client` when no read of properties was answered; when some
    /// were, or when one record alone is wrong, the readings say so. Of the options the time-out counts, and the
    /// priority where a permit is asked for. *Cancellation*: terminal, partial and total, with `operation_aborted`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    requires(understudy::detail::is_by_id<By> ||
             detail::is_property_index<By>) auto async_fetch(std::vector<typename By::value_type> values,
                                                             ReadOptions options, Token&& token = {}) {
        return detail::async_run<detail::FetchMachine<R, By>>(state_, options, std::forward<Token>(token),
                                                              std::ref(state_->portal), std::move(values));
    }

    /// Searches for the records whose property has one of the values, in any case of its letters; as many values a
    /// search as its limits allow. The hits are compared again, for the index lags; values that no search can carry
    /// have none.
    ///
    /// *Signature*: `SearchSignature<R>`. *Errors*: those of `Client`. *Cancellation* as above.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires(detail::is_property_index<By>) auto async_search(std::vector<typename By::value_type> values,
                                                              ReadOptions options, Token&& token = {}) {
        return detail::async_run<detail::SearchMachine<R, By>>(state_, options, std::forward<Token>(token),
                                                               std::move(values));
    }

    /// Reads whole sets: the records whose link is one of the values (a `Relation` over a linked member), or all
    /// records of the type (`Whole`).
    ///
    /// A relation takes a call for the lists of 1,000 parents (and one for every 500 further ids of a list), one for
    /// the properties of 100 members, and one for each *other* link of 1,000; what does not wait for an answer goes
    /// side by side. Which parent a member belongs to is known from the lists; if several of these name it, its own
    /// associations decide as in a read by id. A member that is gone by the time that it is read is left out, one that
    /// was merged away is its survivor. `Whole` takes a call for 100 records, one after the other.
    ///
    /// *Signature*: `FetchSetSignature<R>`. *Errors*: those of `Client` when no list was answered; later ones are in
    /// the sets that they are about. *Options* and *cancellation* as above.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires(std::is_same_v<typename By::record_type, R> && !By::is_unique &&
             (detail::is_link_index<By> || understudy::detail::is_whole<By>)) //
        auto async_fetch_set(std::vector<typename By::value_type> values, ReadOptions options, Token&& token = {}) {
        return detail::async_run<SetMachine<By>>(state_, options, std::forward<Token>(token), std::ref(state_->portal),
                                                 std::move(values));
    }

    /// Checks that the account defines every property of the record. To be done once, at the start.
    ///
    /// *Signature*: `void(error_code, std::vector<std::string>)`, with the names of those that are missing.
    /// *Errors*: `schema_mismatch` if any is; those of `Client`. *Cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    auto async_check_properties(std::chrono::milliseconds timeout, Token&& token = {}) {
        ReadOptions options;
        options.timeout = timeout;
        return detail::async_run<detail::CheckMachine>(state_, options, std::forward<Token>(token),
                                                       property_names<R>());
    }

private:
    struct State : detail::StoreState {
        using StoreState::StoreState;
        detail::Portal<R> portal{};
    };

    template<class By>
    static auto set_machine() {
        if constexpr (understudy::detail::is_whole<By>)
            return std::type_identity<detail::WholeMachine<R, By>>{};
        else
            return std::type_identity<detail::SetMachine<R, By>>{};
    }
    template<class By>
    using SetMachine = typename decltype(set_machine<By>())::type;

    std::shared_ptr<State> state_;
};

} // namespace understudy::hubspot
