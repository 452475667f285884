// Reads "start<TAB>expression" lines, the start in minutes since 1970 on a clock in UTC, and writes the next five times
// after it, in the same minutes, or what is wrong with the expression.
#include <understudy/cron_expression.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

int main() {
    for (std::string start, expression; std::getline(std::cin, start, '\t') && std::getline(std::cin, expression);) {
        const auto parsed = understudy::CronExpression::parse(expression);
        if (!parsed) {
            std::cout << parsed.error().message << '\n';
            continue;
        }
        understudy::CivilMinute at{std::chrono::minutes{std::stoll(start)}};
        for (int i = 0; i < 5; ++i) {
            const auto next = parsed->next_after(at);
            if (!next)
                break;
            at = *next;
            std::cout << (i > 0 ? " " : "") << at.time_since_epoch().count();
        }
        std::cout << '\n';
    }
    return EXIT_SUCCESS;
}
