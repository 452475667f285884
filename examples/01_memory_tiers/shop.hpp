#pragma once

#include <understudy/understudy.hpp>

#include <boost/asio/compose.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A record is a plain struct. A book without a price is not a book that costs nothing.
struct Book {
    std::string isbn;
    std::string title;
    std::optional<int> price;

    friend bool operator==(const Book&, const Book&) = default;
};
BOOST_DESCRIBE_STRUCT(Book, (), (isbn, title, price))

template<>
struct understudy::RecordTraits<Book> {
    static constexpr std::string_view name = "book";
    static constexpr auto key = &Book::isbn;
};

/// The slow source of truth: a stand-in for somebody's REST interface. All that a source needs is `record_type`,
/// `get_executor` and `async_fetch`.
class Shop {
public:
    using record_type = Book;
    using By = understudy::ById<Book>;

    explicit Shop(boost::asio::any_io_executor executor)
        : executor_{std::move(executor)}
        , shared_{std::make_shared<Shared>()} {}

    boost::asio::any_io_executor get_executor() const { return executor_; }

    void put(const Book& book) { shared_->books[book.isbn] = book; }
    int calls() const { return shared_->calls; }

    /// One reading for each key, in the order asked, after 200 ms.
    template<std::same_as<By> = By, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<std::string> isbns, const understudy::ReadOptions& = {}, Token&& token = {}) {
        auto timer = std::make_shared<boost::asio::steady_timer>(executor_);
        return boost::asio::async_compose<Token, understudy::FetchSignature<Book>>(
            [shared = shared_, isbns = std::move(isbns), timer,
             sent = false](auto& self, boost::system::error_code error = {}) mutable {
                if (!std::exchange(sent, true)) {
                    ++shared->calls;
                    auto& delay = *timer;
                    delay.expires_after(std::chrono::milliseconds{200});
                    return delay.async_wait(std::move(self));
                }
                std::vector<understudy::Reading<Book>> readings;
                for (const auto& isbn : isbns)
                    readings.push_back(shared->read(isbn));
                if (error)
                    readings.clear();
                self.complete(error, std::move(readings));
            },
            token, executor_);
    }

private:
    /// Copies of a store share one state.
    struct Shared {
        std::map<std::string, Book> books;
        int calls = 0;

        understudy::Reading<Book> read(const std::string& isbn) const {
            const auto found = books.find(isbn);
            if (found == books.end())
                return understudy::Reading<Book>::none(isbn);
            return understudy::Reading<Book>::of(found->second, understudy::no_version);
        }
    };

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Shared> shared_;
};
static_assert(understudy::Source<Shop>);
