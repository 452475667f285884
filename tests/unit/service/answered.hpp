#pragma once

#include "http_message.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

/// What an endpoint answered, and how often.
struct Answered {
    service::Response response;
    int times = 0;

    service::Respond respond() {
        return [this](service::Response answer) {
            ++times;
            response = std::move(answer);
        };
    }
    std::string header(std::string_view name) const {
        const auto& all = response.headers;
        const auto at = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
        return at == all.end() ? "" : at->second;
    }
    boost::json::value json() const { return boost::json::parse(response.body); }
    boost::json::value data() const { return json().at("data"); }
    std::string code() const { return std::string{json().at("code").as_string()}; }
};
