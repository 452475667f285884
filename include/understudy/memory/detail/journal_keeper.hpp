#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/journal_book.hpp>
#include <understudy/memory/journal_params.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <utility>

namespace understudy::memory::detail {

// What is kept by being in memory: see `BookJournal`.
template<class Clock>
class JournalKeeper {
    using Book = understudy::detail::JournalBook;

public:
    JournalKeeper(boost::asio::any_io_executor executor, const JournalParams& params, Book::Reserve reserve)
        : executor_{std::move(executor)}
        , book_{params.lease, params.retention, std::move(reserve)} {}

    boost::asio::any_io_executor get_executor() const noexcept { return executor_; }
    Book& book() noexcept { return book_; }
    Book::Instant now() const { return std::chrono::duration_cast<Book::Instant>(Clock::now().time_since_epoch()); }

    template<class Value, class Work>
    void keep(Work work, understudy::detail::ErasedHandler<void(boost::system::error_code, Value)> handler) {
        boost::asio::post(executor_, [handler = std::move(handler), result = work(book_)]() mutable {
            handler(result.first, std::move(result.second));
        });
    }
    template<class Value, class Work>
    void look(Work work, understudy::detail::ErasedHandler<void(boost::system::error_code, Value)> handler) {
        keep<Value>(std::move(work), std::move(handler));
    }

private:
    boost::asio::any_io_executor executor_;
    Book book_;
};

} // namespace understudy::memory::detail
