#pragma once

#include "contact.hpp"
#include "emulator_process.hpp"

#include <understudy/hubspot/store.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

inline std::string id_of(int number) {
    return std::to_string(300'000'000'000 + number);
}
inline std::string exam_of(int number) {
    return std::to_string(400'000'000'000 + number);
}
inline std::string email_of(int number) {
    return "student" + std::to_string(100'000 + number) + "@example.com";
}
inline std::string student_of(int number) {
    return "S" + std::to_string(100'000 + number);
}

inline const std::vector<std::string> small{
    "--contacts", "400", "--exams", "8", "--bookings", "20", "--index-lag-ms", "0", "--index-lag-jitter-ms", "0"};

/// An emulator of its own, and what it takes to ask it.
struct Bench {
    explicit Bench(std::vector<std::string> options = small, bool tls = false, std::string address = "127.0.0.1")
        : emulator{std::move(options), tls, std::move(address)} {
        params.access_token = "pat-na1-emulator";
        params.base_url = emulator.url();
        params.on_rate = [this](const understudy::RateReport& report) { rates.push_back(report); };
        params.on_error = [this](const understudy::hubspot::ErrorDetail& detail) { details.push_back(detail); };
    }

    understudy::hubspot::Client client() { return understudy::hubspot::Client{io.get_executor(), params}; }
    understudy::hubspot::Store<Contact> store() { return understudy::hubspot::Store<Contact>{client()}; }

    // Runs an operation to its end and returns what it completed with.
    template<class... Results, class Start>
    std::tuple<understudy::error_code, Results...> run(Start start) {
        std::optional<std::tuple<understudy::error_code, Results...>> result;
        start([&](understudy::error_code ec, Results... results) { result.emplace(ec, std::move(results)...); });
        io.restart();
        while (!result && io.run_one() > 0) {
        }
        BOOST_REQUIRE(result);
        return std::move(*result);
    }

    template<class By = understudy::ById<Contact>>
    auto fetch(understudy::hubspot::Store<Contact> store, std::vector<std::string> values,
               understudy::ReadOptions options = {}) {
        return run<std::vector<understudy::Reading<Contact>>>(
            [&](auto handler) { store.async_fetch<By>(std::move(values), options, handler); });
    }

    std::int64_t calls(std::string_view kind) {
        const auto counters = emulator.counters();
        return counters.at("by_kind").at({kind.data(), kind.size()}).to_number<std::int64_t>();
    }

    emulator::Process emulator;
    boost::asio::io_context io;
    understudy::hubspot::Params params;
    std::vector<understudy::RateReport> rates;
    std::vector<understudy::hubspot::ErrorDetail> details;
};
