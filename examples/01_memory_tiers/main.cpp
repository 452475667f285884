// Two tiers of memory in front of a slow shop: a small one near the reader, a large one behind it.
#include "shop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <iostream>

using namespace understudy;
using namespace std::chrono_literals;

int main() {
    boost::asio::io_context context;
    const auto executor = context.get_executor();
    const auto run = [&](auto operation) { // every operation takes a completion token; here the token is `use_future`
        auto answer = operation(boost::asio::use_future);
        context.restart();
        context.run();
        return answer.get();
    };
    int wrong = 0;
    const auto show = [&](const char* what, const Reading<Book>& book, int price, int tier) {
        const bool right = book.found() && book.record.price == price && book.tier == tier;
        wrong += !right;
        std::cout << what << ": " << book.record.price.value_or(-1) << " from tier " << int{book.tier}
                  << (right ? "\n" : "  <- WRONG\n");
    };

    Shop shop{executor};
    shop.put({"dune", "Dune", 12});
    shop.put({"emma", "Emma", 9});
    memory::Store<Book> shelf{executor};
    memory::Store<Book> pocket{executor, memory::Params{.capacity = 100}};

    // A cache is a source, so caches nest. The pocket does not hear of changes: it answers no reader who insists on
    // them.
    ReadThroughCache library{shelf, shop};
    ReadThroughCache books{pocket, library};
    const ReadOptions fresh;
    const ReadOptions minute_old{.freshness = Freshness::bounded(1min)};

    show("cold, from the shop", run(books.async_get("dune", minute_old)), 12, 2);
    show("a minute may pass: the pocket", run(books.async_get("dune", minute_old)), 12, 0);
    show("nothing may have passed: the shelf", run(books.async_get("dune", fresh)), 12, 1);

    shop.put({"dune", "Dune", 15});
    run(shelf.async_hint({"dune"})); // whoever hears of a change says so
    show("the old price is less than a minute old", run(books.async_get("dune", minute_old)), 12, 0);
    show("a fresh reader gets the new one", run(books.async_get("dune", fresh)), 15, 2);
    show("and leaves it in the pocket", run(books.async_get("dune", minute_old)), 15, 0);

    const int before = shop.calls();
    std::vector<std::future<Reading<Book>>> readers;
    for (int i = 0; i < 400; ++i)
        readers.push_back(books.async_get("emma", fresh, boost::asio::use_future));
    context.restart();
    context.run();
    for (auto& reader : readers)
        wrong += reader.get().record.price != 9;
    wrong += shop.calls() - before != 1;
    std::cout << "400 readers of a cold book: calls to the shop: " << shop.calls() - before << "\n";
    return wrong == 0 ? 0 : 1;
}
