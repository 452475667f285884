#pragma once

#include "order.hpp"

#include <understudy/record_json.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <thread>

/// The source of truth: one customer at a time, a few milliseconds each, a line of JSON for every question and every
/// answer. It runs in a process of its own and outlives those who write to it.
class Shop {
public:
    /// Serves whoever is at the other end until they hang up. With `last`, the shop closes when it has taken that many
    /// orders, before the last one is confirmed: `closed` is called, and whoever is still in the queue goes unserved.
    template<class Closed>
    void serve(std::iostream& line, std::size_t last, Closed closed) {
        bool open = true;
        for (std::string text; std::getline(line, text);) {
            const auto question = boost::json::parse(text);
            if (const auto* reference = question.as_object().if_contains("thanks"))
                thanked_.emplace(reference->as_string());
            else if (open && !(open = serve(line, question.as_object(), last)))
                closed();
        }
    }

    std::size_t orders() const { return orders_.size(); }
    std::size_t sent_again() const { return sent_again_; }
    /// The references of the orders whose customers were told that they have been taken.
    const std::set<std::string>& thanked() const { return thanked_; }
    std::size_t orders_with(const std::string& reference) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            orders_, [&](const auto& numbered) { return numbered.second.reference == reference; }));
    }

private:
    // Whether the shop is still open.
    bool serve(std::ostream& line, const boost::json::object& question, std::size_t last) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        const auto answer = answer_to(question);
        if (orders_.size() == last)
            return false;
        line << boost::json::serialize(answer) << std::endl;
        return true;
    }

    boost::json::object answer_to(const boost::json::object& question) {
        if (const auto* json = question.if_contains("order")) {
            Order order;
            understudy::from_json(*json, order);
            for (const auto& [number, known] : orders_)
                if (known.reference == order.reference) {
                    ++sent_again_;
                    return {{"taken", number}};
                }
            order.number = std::to_string(1000 + orders_.size());
            orders_[order.number] = order;
            return {{"number", order.number}};
        }
        const auto found = orders_.find(std::string{question.at("read").as_string()});
        return found == orders_.end() ? boost::json::object{}
                                      : boost::json::object{{"order", understudy::to_json(found->second)}};
    }

    std::map<std::string, Order> orders_;
    std::set<std::string> thanked_;
    std::size_t sent_again_ = 0;
};
