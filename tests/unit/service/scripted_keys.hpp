#pragma once

#include "key_set.hpp"
#include "token_maker.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

/// A set of keys that are published by script, at times that the test says.
class ScriptedKeys {
public:
    void publish(std::initializer_list<TokenMaker> makers) {
        boost::json::array list;
        for (const auto& maker : makers)
            list.push_back(maker.public_jwk());
        answer_with(boost::json::serialize(boost::json::object{{"keys", list}}));
    }
    void answer_with(std::string text) {
        document_ = {};
        document_.text = std::move(text);
    }
    void fail() {
        document_ = {};
        document_.failure = "connection refused";
    }
    void hold() { held_ = true; }
    void release() {
        held_ = false;
        std::exchange(open_, {})(document_);
    }

    int fetches = 0;
    service::KeySet::Clock::time_point now{std::chrono::hours{1}};
    service::Log log = service::Log::silent();
    service::KeySet keys{[this](service::KeySet::Fetched fetched) {
                             ++fetches;
                             if (held_)
                                 open_ = std::move(fetched);
                             else
                                 fetched(document_);
                         },
                         log, [this] { return now; }};

private:
    service::KeySet::Document document_;
    service::KeySet::Fetched open_;
    bool held_ = false;
};
