#pragma once

#include "exam_desk.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Writes whatever it is asked to, or does what it is told; nothing until told when held. Remembers the questions.
class ScriptedExamDesk final : public service::ExamDesk {
public:
    /// Instead of success.
    std::optional<service::ExamResult> exam_result;
    std::optional<service::TokensResult> tokens_result;
    /// Of exams that are not just activated.
    std::map<std::string, service::ExamResult> activation_results;

    /// What it was asked for, in words.
    std::vector<std::string> log;
    service::ExamOrder order;
    understudy::Patch<service::MockExam> patch;
    understudy::Links<service::MockExam> links;
    std::vector<service::TokenCount> tokens;
    /// How many activations were under way at once, at most.
    std::size_t most_waiting = 0;

    void hold() { held_ = true; }
    /// Answers what is waiting, and what comes.
    void release() {
        held_ = false;
        answer_waiting();
    }
    /// Answers what is waiting, and holds what comes.
    void answer_waiting() {
        for (const auto& answer : std::exchange(waiting_, {}))
            answer();
    }

    void create(service::ExamOrder asked, ExamHandler handler) override {
        log.push_back("create");
        order = std::move(asked);
        service::ExamWritten written{order.exam, false, false};
        written.exam.hubspot_id = "501";
        answer([this, written, handler = std::move(handler)] { handler(exam_result.value_or(written)); });
    }
    void change(std::string id, service::ExamChange asked, ExamHandler handler) override {
        log.push_back("change " + id);
        patch = asked.patch;
        links = asked.links;
        service::ExamWritten written;
        written.exam.hubspot_id = id;
        patch.apply_to(written.exam);
        links.apply_to(written.exam);
        answer([this, written, handler = std::move(handler)] { handler(exam_result.value_or(written)); });
    }
    void remove(std::string id, ExamHandler handler) override {
        log.push_back("remove " + id);
        service::ExamWritten written;
        written.exam.hubspot_id = id;
        answer([this, written, handler = std::move(handler)] { handler(exam_result.value_or(written)); });
    }
    void activate(std::string id, ExamHandler handler) override {
        log.push_back("activate " + id);
        const auto told = activation_results.find(id);
        const service::ExamResult result = told == activation_results.end() ? service::ExamWritten{} : told->second;
        answer([result, handler = std::move(handler)] { handler(result); });
    }
    void set_tokens(std::string id, std::vector<service::TokenCount> asked, TokensHandler handler) override {
        log.push_back("tokens " + id);
        tokens = std::move(asked);
        service::TokensChanged changed;
        changed.contact_id = id;
        for (const auto& token : tokens)
            changed.changes.push_back({token.field, 1, token.count});
        answer([this, changed, handler = std::move(handler)] { handler(tokens_result.value_or(changed)); });
    }

private:
    void answer(std::function<void()> now) {
        if (!held_)
            return now();
        waiting_.push_back(std::move(now));
        most_waiting = std::max(most_waiting, waiting_.size());
    }

    bool held_ = false;
    std::vector<std::function<void()>> waiting_;
};
