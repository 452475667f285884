#include <understudy/understudy.hpp>

#include <boost/asio/io_context.hpp>

int main() {
    boost::asio::io_context context;
    understudy::RateBudget budget{context.get_executor()};
    return budget.limit(understudy::RateBucket::window) == 100 ? 0 : 1;
}
