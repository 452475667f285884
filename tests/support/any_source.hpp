#pragma once

#include <understudy/detail/store_call.hpp>
#include <understudy/index.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tests {

/// A source of any type that is read by keys and by these indexes, so that what writes through different ones is
/// compiled once. A handle: copies share one source.
template<understudy::Record R, understudy::IndexTag... Indexes>
class AnySource {
    template<class Call>
    struct Ask {
        std::function<void(std::vector<typename Call::Value>, const typename Call::Options&,
                           std::function<typename Call::Signature>)>
            call;
    };
    template<class By>
    using Fetch = understudy::detail::FetchCall<By>;
    using Update = understudy::detail::UpdateCall<R>;
    using Create = understudy::detail::CreateCall<R>;
    using Archive = understudy::detail::ArchiveCall<R>;
    using Associate = understudy::detail::AssociateCall<R>;
    using Find = understudy::detail::FindOperationsCall<R>;
    using Asks = std::tuple<Ask<Fetch<understudy::ById<R>>>, Ask<Fetch<Indexes>>..., Ask<Update>, Ask<Create>,
                            Ask<Archive>, Ask<Associate>, Ask<Find>>;

public:
    using record_type = R;
    using executor_type = boost::asio::any_io_executor;

    template<class Source>
    requires(!std::is_same_v<Source, AnySource>) explicit AnySource(Source source)
        : executor_{source.get_executor()}
        , asks_{std::make_shared<Asks>(ask<Fetch<understudy::ById<R>>>(source), ask<Fetch<Indexes>>(source)...,
                                       ask<Update>(source), ask<Create>(source), ask<Archive>(source),
                                       ask<Associate>(source), ask<Find>(source))} {}

    executor_type get_executor() const noexcept { return executor_; }
    template<class By>
    static constexpr std::size_t max_batch() {
        return 100;
    }

    template<class By, class Handler>
    void async_fetch(std::vector<typename By::value_type> values, const understudy::ReadOptions& how, Handler handler) {
        std::get<Ask<Fetch<By>>>(*asks_).call(std::move(values), how, std::move(handler));
    }
    template<class Handler>
    void async_update(std::vector<typename Update::Value> changes, const understudy::WriteOptions& how,
                      Handler handler) {
        std::get<Ask<Update>>(*asks_).call(std::move(changes), how, std::move(handler));
    }
    template<class Handler>
    void async_create(std::vector<typename Create::Value> creations, const understudy::WriteOptions& how,
                      Handler handler) {
        std::get<Ask<Create>>(*asks_).call(std::move(creations), how, std::move(handler));
    }
    template<class Handler>
    void async_archive(std::vector<typename Archive::Value> keys, const understudy::WriteOptions& how,
                       Handler handler) {
        std::get<Ask<Archive>>(*asks_).call(std::move(keys), how, std::move(handler));
    }
    template<class Handler>
    void async_associate(std::vector<typename Associate::Value> relinkings, const understudy::WriteOptions& how,
                         Handler handler) {
        std::get<Ask<Associate>>(*asks_).call(std::move(relinkings), how, std::move(handler));
    }
    template<class Handler>
    void async_find_operations(std::vector<typename Find::Value> sent, const understudy::WriteOptions& how,
                               Handler handler) {
        std::get<Ask<Find>>(*asks_).call(std::move(sent), how, std::move(handler));
    }

private:
    template<class Call, class Source>
    static Ask<Call> ask(Source source) {
        return {[source = std::move(source)](std::vector<typename Call::Value> values,
                                             const typename Call::Options& options,
                                             std::function<typename Call::Signature> handler) mutable {
            Call::start(source, std::move(values), options, std::move(handler));
        }};
    }

    executor_type executor_;
    std::shared_ptr<Asks> asks_;
};

} // namespace tests
