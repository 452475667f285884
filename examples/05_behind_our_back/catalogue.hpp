#pragma once

#include "product.hpp"

#include <understudy/error.hpp>
#include <understudy/listing.hpp>

#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

/// The slow source of truth, which others write to as well: 50 ms a call, 100 products a page. Beside the products it
/// keeps an index of when each was changed last; the index knows nothing of those that are gone.
class Catalogue {
public:
    using record_type = Product;

    explicit Catalogue(boost::asio::any_io_executor executor)
        : executor_{std::move(executor)}
        , shared_{std::make_shared<Shared>()} {}

    boost::asio::any_io_executor get_executor() const { return executor_; }

    void put(const Product& product) {
        shared_->products[product.id] = {product, understudy::Version{++shared_->last_stamp}};
    }
    /// What is changed from now on is changed later by so much.
    void let_pass(std::chrono::milliseconds time) { shared_->last_stamp += time.count(); }
    void remove(std::int64_t id) { shared_->products.erase(id); }
    int calls() const { return shared_->calls; }

    /// See `understudy::FetchableBy`.
    template<std::same_as<understudy::ById<Product>> By = understudy::ById<Product>,
             class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<std::int64_t> ids, const understudy::ReadOptions& = {}, Token&& token = {}) {
        return after_a_while<understudy::FetchSignature<Product>>(
            std::move(ids), [](const Shared& shared, std::int64_t id) { return shared.read(id); },
            std::forward<Token>(token));
    }

    /// See `understudy::ListableSource`.
    template<class Token = boost::asio::deferred_t>
    auto async_list(std::vector<understudy::ListingQuery<Product>> queries, const understudy::ReadOptions& = {},
                    Token&& token = {}) {
        return after_a_while<understudy::ListingSignature<Product>>(
            std::move(queries), [](const Shared& shared, const auto& query) { return shared.list(query); },
            std::forward<Token>(token));
    }

    /// See `understudy::ChangeSource`.
    template<class Token = boost::asio::deferred_t>
    auto async_find_changes(std::vector<understudy::ChangesQuery<Product>> queries, const understudy::ReadOptions& = {},
                            Token&& token = {}) {
        return after_a_while<understudy::ChangesSignature<Product>>(
            std::move(queries), [](const Shared& shared, const auto& query) { return shared.changes(query); },
            std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    auto async_extent(std::vector<understudy::Extreme> ends, const understudy::ReadOptions& = {}, Token&& token = {}) {
        return after_a_while<understudy::ExtentSignature<Product>>(
            std::move(ends), [](const Shared& shared, understudy::Extreme end) { return shared.extreme(end); },
            std::forward<Token>(token));
    }

private:
    static constexpr std::size_t page_length = 100;

    struct Entry {
        Product product;
        understudy::Version version;
    };

    struct Shared {
        std::map<std::int64_t, Entry> products;
        std::int64_t last_stamp = 1'000'000;
        int calls = 0;

        understudy::Reading<Product> read(std::int64_t id) const {
            const auto found = products.find(id);
            if (found == products.end())
                return understudy::Reading<Product>::none(id);
            return understudy::Reading<Product>::of(found->second.product, found->second.version);
        }

        understudy::ListingPage<Product> list(const understudy::ListingQuery<Product>& query) const {
            understudy::ListingPage<Product> page;
            auto at = query.from ? products.lower_bound(*query.from) : products.begin();
            for (; at != products.end() && page.records.size() < page_length; ++at)
                page.records.emplace_back(at->first, read(at->first));
            if (at != products.end())
                page.next = at->first;
            return page;
        }

        understudy::ChangesPage<Product> changes(const understudy::ChangesQuery<Product>& query) const {
            understudy::ChangesPage<Product> page;
            auto at = query.after ? products.upper_bound(*query.after) : products.begin();
            for (; at != products.end() && page.candidates.size() < page_length; ++at)
                if (at->second.version >= query.since)
                    page.candidates.push_back({at->first, at->second.version});
            if (at != products.end())
                page.next = page.candidates.back().id;
            return page;
        }

        std::optional<understudy::Candidate<Product>> extreme(understudy::Extreme end) const {
            std::optional<understudy::Candidate<Product>> found;
            for (const auto& [id, entry] : products)
                if (!found || end == understudy::Extreme::last || entry.version > found->version)
                    found = understudy::Candidate<Product>{id, entry.version};
            return found;
        }
    };

    template<class Signature, class Asked, class Answer, class Token>
    auto after_a_while(std::vector<Asked> asked, Answer answer, Token&& token) {
        auto timer = std::make_shared<boost::asio::steady_timer>(executor_);
        return boost::asio::async_compose<Token, Signature>(
            [shared = shared_, asked = std::move(asked), answer, timer,
             sent = false](auto& self, boost::system::error_code error = {}) mutable {
                if (!std::exchange(sent, true)) {
                    ++shared->calls;
                    auto& delay = *timer;
                    delay.expires_after(std::chrono::milliseconds{50});
                    return delay.async_wait(std::move(self));
                }
                std::vector<decltype(answer(*shared, asked.front()))> answers;
                for (const auto& one : asked)
                    answers.push_back(answer(*shared, one));
                self.complete(error, std::move(answers));
            },
            token, executor_);
    }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Shared> shared_;
};
static_assert(understudy::ListableSource<Catalogue>);
static_assert(understudy::ChangeSource<Catalogue>);
