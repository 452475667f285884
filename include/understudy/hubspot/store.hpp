#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/changes_machine.hpp>
#include <understudy/hubspot/detail/check_machine.hpp>
#include <understudy/hubspot/detail/extent_machine.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/find_machine.hpp>
#include <understudy/hubspot/detail/list_machine.hpp>
#include <understudy/hubspot/detail/operation.hpp>
#include <understudy/hubspot/detail/search_machine.hpp>
#include <understudy/hubspot/detail/set_machine.hpp>
#include <understudy/hubspot/detail/whole_machine.hpp>
#include <understudy/hubspot/detail/write_rows.hpp>
#include <understudy/hubspot/object_params.hpp>
#include <understudy/listing.hpp>
#include <understudy/read_options.hpp>
#include <understudy/store.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/deferred.hpp>

#include <chrono>
#include <concepts>
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

// Lists and searches are paged by id, in the order of numbers.
template<class R>
inline constexpr bool has_ordered_keys = std::integral<key_t<R>> || has_numeric_keys<R>();

template<class By>
inline constexpr bool is_page =
    std::is_same_v<By, Listing<typename By::record_type>> || std::is_same_v<By, Changes<typename By::record_type>> ||
    std::is_same_v<By, Extremes<typename By::record_type>>;

} // namespace detail

/// The records of one object type of a HubSpot account, as a source that can be written to.
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

    /// How many values one call carries: 1,000 parents of sets; one page of a list or of changes; reading and
    /// searching, 100.
    template<IndexTag By>
    static constexpr std::size_t max_batch() {
        return detail::is_link_index<By> ? detail::max_association_batch : detail::is_page<By> ? 1 : 100;
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
    /// A batch of lists that is refused as a whole is sent again in hundreds and then by halves, so a parent that the
    /// server refuses fails its own set alone. Nothing more is asked for a set that has failed.
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

    /// Reads pages of the list of all records, 100 a call, each with a call for every link beside it. For records whose
    /// traits say that their keys are numbers (`numeric_keys`).
    ///
    /// *Signature*: `ListingSignature<R>`. *Errors*: those of `Client`, and that of the links when they could not be
    /// read for any record of the page, for a reason that passes; `malformed_answer` if ids do not ascend or a page's
    /// successor does not follow it. *Options* and *cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    requires(detail::has_ordered_keys<R>) auto async_list(std::vector<ListingQuery<R>> queries,
                                                          ReadOptions options = {}, Token&& token = {}) {
        return detail::async_run<detail::ListMachine<R>>(state_, options, std::forward<Token>(token),
                                                         std::ref(state_->portal), std::move(queries));
    }

    /// Searches for what has changed, 200 a page, by ascending id. A stamp is the record's own `updatedAt` now, which
    /// may be later than the one that it was found by, or earlier. Archiving moves no stamp, and archived records are
    /// not found.
    ///
    /// *Signature*: `ChangesSignature<R>`. *Errors*: those of `Client`; `malformed_answer` if ids do not ascend.
    /// *Options* and *cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    requires(detail::has_ordered_keys<R>) auto async_find_changes(std::vector<ChangesQuery<R>> queries,
                                                                  ReadOptions options = {}, Token&& token = {}) {
        return detail::async_run<detail::ChangesMachine<R>>(state_, options, std::forward<Token>(token),
                                                            std::move(queries));
    }

    /// Searches for the records at the ends of what the index holds, with a call each.
    ///
    /// *Signature*: `ExtentSignature<R>`. *Errors*: those of `Client`. *Options* and *cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    requires(detail::has_ordered_keys<R>) auto async_extent(std::vector<Extreme> extremes, ReadOptions options = {},
                                                            Token&& token = {}) {
        return detail::async_run<detail::ExtentMachine<R>>(state_, options, std::forward<Token>(token),
                                                           std::move(extremes));
    }

    /// Writes patches, 100 a call. Each leaves its name in the record's `operation_property`, if there is one.
    ///
    /// A row is `refused` if the server refuses it by name, or alone: a batch that is refused as a whole is sent again
    /// by halves. One that the answer does not account for is read: it is `applied` if its name is there, `merged` if
    /// another record answers. Limits, locks and missing permissions leave rows `unsent`, as does a time-out before the
    /// request was sent; lost answers, and those of the server's own failures or of gateways, leave them `unknown`.
    ///
    /// *Signature*: `WriteSignature<R>`. *Cancellation*: terminal, partial and total, with `operation_aborted`; what
    /// was sent may still take effect.
    template<class Token = boost::asio::deferred_t>
    auto async_update(const std::vector<Change<R>>& changes, WriteOptions options, Token&& token = {}) {
        return write(detail::Writing::update, detail::rows_of(changes), options, std::forward<Token>(token));
    }

    /// Makes records, 100 a call, each with its associations in the same call. Members without a value, and read-only
    /// ones that are no links, are not sent. One that is refused for a unique value that is taken says who has it.
    /// Otherwise as `async_update`, but that a row which the answer does not account for is `unknown`, and that one
    /// whose answer repeats every property that was sent, and no other of the record's, is `complete`.
    template<class Token = boost::asio::deferred_t>
    auto async_create(const std::vector<Creation<R>>& creations, WriteOptions options, Token&& token = {}) {
        return write(detail::Writing::create, detail::rows_of(creations, state_->portal.object), options,
                     std::forward<Token>(token));
    }

    /// Archives records, 100 a call. As `async_update`, but that the answer names no row: one that was accepted is
    /// `applied`, also if there was no such record, or if it was merged away and nothing happened. Reading it tells.
    template<class Token = boost::asio::deferred_t>
    auto async_archive(const std::vector<key_t<R>>& keys, WriteOptions options, Token&& token = {}) {
        return write(detail::Writing::archive, detail::rows_of<R>(keys), options, std::forward<Token>(token));
    }

    /// Changes links, in three round trips for any number of records: what the records are linked with, and whether
    /// these and those that they are to be linked with are there, is read first; then new associations are made, 1,000
    /// a call, and then old ones of the same type ended. What is as it should be costs no more than reading.
    ///
    /// A row is `refused`, before anything of it is sent, if its record is not there or one that it names, and if the
    /// server refuses an association alone; what was made of the row's others by then is ended again. One that was
    /// merged away is `merged`. Which part of a row took effect that is `unknown` is not known either; write it again.
    /// Otherwise as `async_update`, but that no name is left in the record and no stamp is known.
    template<class Token = boost::asio::deferred_t>
    requires(link_count<R> > 0) auto async_associate(const std::vector<Relinking<R>>& relinkings, WriteOptions options,
                                                     Token&& token = {}) {
        return detail::async_run<detail::RelinkMachineOf<R>>(state_, reading(options), std::forward<Token>(token),
                                                             std::ref(state_->portal), detail::rows_of(relinkings));
    }

    /// Looks for the names of writes in the records, also in archived ones; 50 a call. `unknown` if a read failed, if
    /// the record's traits name no `operation_property`, if the account does not define it, and if the record was
    /// merged away and the survivor does not know the write.
    ///
    /// *Signature*: `LandedSignature`. *Cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    auto async_find_operations(const std::vector<SentOperation<R>>& sent, WriteOptions options, Token&& token = {}) {
        std::vector<detail::FindMachine::Sent> asked;
        asked.reserve(sent.size());
        for (const auto& operation : sent)
            asked.emplace_back(encode_property(operation.key), operation.operation);
        return detail::async_run<detail::FindMachine>(state_, reading(options), std::forward<Token>(token),
                                                      operation_property<R>(), std::move(asked));
    }

    /// Checks that the account defines every property of the record, and the one that holds the names of writes. To be
    /// done once, at the start.
    ///
    /// *Signature*: `void(error_code, std::vector<std::string>)`, with the names of those that are missing.
    /// *Errors*: `schema_mismatch` if any is; those of `Client`. *Cancellation* as above.
    template<class Token = boost::asio::deferred_t>
    auto async_check_properties(std::chrono::milliseconds timeout, Token&& token = {}) {
        ReadOptions options;
        options.timeout = timeout;
        auto needed = property_names<R>();
        if (!operation_property<R>().empty())
            needed.emplace_back(operation_property<R>());
        return detail::async_run<detail::CheckMachine>(state_, options, std::forward<Token>(token), std::move(needed));
    }

private:
    struct State : detail::StoreState {
        using StoreState::StoreState;
        detail::Portal<R> portal{};
    };

    static ReadOptions reading(const WriteOptions& options) {
        ReadOptions how;
        how.priority = options.priority;
        how.timeout = options.timeout;
        return how;
    }

    template<class Token>
    auto write(detail::Writing what, std::vector<detail::WriteRow> rows, const WriteOptions& options, Token&& token) {
        return detail::async_run<detail::WriteMachineOf<R>>(state_, reading(options), std::forward<Token>(token), what,
                                                            std::move(rows), operation_property<R>());
    }

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
