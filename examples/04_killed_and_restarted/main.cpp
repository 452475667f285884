// A clerk sends a hundred orders to a slow shop and is killed in the middle. The next one opens the same journal,
// finishes what was promised, and answers whoever asks again: every order is taken, and none twice. The program is the
// shop; it starts itself twice more to be the clerk.
#include "order.hpp"
#include "shop.hpp"
#include "shop_line.hpp"

#include <understudy/file/journal.hpp>
#include <understudy/understudy.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

using namespace understudy;
using namespace std::chrono_literals;
using boost::asio::awaitable;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t all = 100;
constexpr std::size_t killed_after = 40;

Order order(std::size_t which) {
    const auto name = std::to_string(which);
    return {"", "order " + name, "book " + name, static_cast<int>(1 + which % 3)};
}

// ---- the clerk

awaitable<bool> work(ShopLine shop, file::Journal<> journal) {
    OperationParams params;
    params.landing_limit = 100ms; // the shop takes what it has read within that time, or never
    params.first_pause = 20ms;
    memory::Store<Order> replica{shop.get_executor()};
    Operations operations{journal, params};
    WriteThroughSync orders{shop, replica, operations};
    ReadThroughCache desk{replica, shop};

    auto [error, promised] = co_await journal.async_count(token);
    std::cout << "clerk: " << promised << " orders that were promised are in the journal" << std::endl;
    operations.run(); // finishes them

    // Whoever was not answered asks again. An operation that is known by its name is not begun once more.
    std::vector<std::string> numbers(all);
    for (std::size_t i = 0; i < all; ++i) {
        OperationRequest request;
        request.id = order(i).reference;
        request.kind = "order";
        Plan plan;
        plan.writes.push_back(orders.create_step("create", order(i)));
        operations.async_carry_out(request, plan, [&, i](error_code failed, const OperationReport& report) {
            if (failed)
                return;
            numbers[i] = report.steps.front().key;
            shop.thank(order(i).reference);
        });
    }
    co_await operations.async_drain(token);

    // The replica has them all, as the shop has them.
    bool good = true;
    for (std::size_t i = 0; i < all; ++i) {
        auto expected = order(i);
        expected.number = numbers[i];
        auto [failed, reading] = co_await desk.async_get(numbers[i], {}, token);
        good = good && !failed && reading.found() && reading.record == expected;
    }
    std::tie(error, promised) = co_await journal.async_count(token);
    operations.stop();
    shop.hang_up();
    co_return good && !error && promised == 0;
}

int be_the_clerk(const char* path, int descriptor) {
    boost::asio::io_context context{1};
    file::JournalParams params;
    params.path = path;
    file::Journal journal{context.get_executor(), params};
    ShopLine shop{context.get_executor(), descriptor};
    bool good = false;
    auto work_is_done = [&](std::exception_ptr, bool all_good) {
        good = all_good;
        context.stop();
    };
    boost::asio::co_spawn(context, work(shop, journal), work_is_done);
    context.run();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

// ---- the shop

// Hires a clerk and serves them until they go, or are killed. Whether they said that all was well.
bool hire(Shop& shop, const std::string& journal, std::size_t last) {
    boost::asio::io_context context;
    boost::asio::local::stream_protocol::socket own{context};
    boost::asio::local::stream_protocol::socket theirs{context};
    boost::asio::local::connect_pair(own, theirs);
    ::fcntl(own.native_handle(), F_SETFD, FD_CLOEXEC);

    std::string role = "clerk";
    std::string path = journal;
    std::string descriptor = std::to_string(theirs.native_handle());
    char* const arguments[] = {role.data(), path.data(), descriptor.data(), nullptr};
    pid_t clerk = 0;
    if (::posix_spawn(&clerk, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0)
        return false;
    theirs.close();
    boost::asio::local::stream_protocol::iostream line{std::move(own)};
    shop.serve(line, last, [clerk] { ::kill(clerk, SIGKILL); });
    int status = 0;
    ::waitpid(clerk, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

int be_the_shop(const std::string& journal) {
    Shop shop;
    bool good = !hire(shop, journal, killed_after);
    const auto thanked = shop.thanked().size();
    std::cout << "shop: the clerk was killed when I had " << shop.orders() << " orders; " << thanked
              << " customers had been told" << std::endl;

    good = hire(shop, journal, all + 1) && good;
    std::size_t lost = 0;
    std::size_t doubled = 0;
    for (std::size_t i = 0; i < all; ++i) {
        const auto taken = shop.orders_with(order(i).reference);
        lost += taken == 0;
        doubled += taken > 1;
    }
    good = good && lost == 0 && doubled == 0 && shop.thanked().size() == all && shop.sent_again() > 0;
    std::cout << "shop: I have " << shop.orders() << " orders, " << lost << " lost, " << doubled << " doubled; "
              << shop.sent_again() << " came again and were recognised; " << shop.thanked().size()
              << " customers have been told" << (good ? "\n" : "  <- WRONG\n");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int count, char** arguments) {
    if (count == 3)
        return be_the_clerk(arguments[1], std::atoi(arguments[2]));
    auto folder = (std::filesystem::temp_directory_path() / "understudy-XXXXXX").string();
    if (!::mkdtemp(folder.data()))
        return EXIT_FAILURE;
    const int status = be_the_shop(folder + "/journal");
    std::filesystem::remove_all(folder);
    return status;
}
