#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/journal.hpp>
#include <understudy/settlement.hpp>
#include <understudy/store.hpp>
#include <understudy/writable_source.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// The life of a process in a test. Everything that it sends or hears is a step; after the last one it does neither.
class Life {
public:
    static constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();

    explicit Life(std::size_t steps = endless)
        : left_{std::make_shared<std::size_t>(steps)} {}

    bool step() const {
        if (*left_ == 0)
            return false;
        if (*left_ != endless)
            --*left_;
        return true;
    }
    bool over() const { return *left_ == 0; }
    void end() { *left_ = 0; }

private:
    std::shared_ptr<std::size_t> left_;
};

/// What a process holds of something that outlives it: a source, a replica or a journal. Once its life is over, nothing
/// is asked any more and no answer arrives; what was asked before goes on without it.
template<class Inner>
class Mortal : public Inner {
public:
    Mortal(Inner inner, Life life)
        : Inner{std::move(inner)}
        , life_{std::move(life)} {}

    template<class By, class Token>
    void async_fetch(std::vector<typename By::value_type> values, const understudy::ReadOptions& how, Token&& token) {
        if (life_.step())
            Inner::template async_fetch<By>(std::move(values), how, heard(std::forward<Token>(token)));
    }
    template<class By, class Token>
    void async_lookup(std::vector<typename By::value_type> values, Token&& token) {
        if (life_.step())
            Inner::template async_lookup<By>(std::move(values), heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_update(T changes, const understudy::WriteOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_update(std::move(changes), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_create(T creations, const understudy::WriteOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_create(std::move(creations), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_archive(T keys, const understudy::WriteOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_archive(std::move(keys), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_associate(T relinkings, const understudy::WriteOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_associate(std::move(relinkings), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_find_operations(T sent, const understudy::WriteOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_find_operations(std::move(sent), how, heard(std::forward<Token>(token)));
    }

    template<class T, class Token>
    void async_list(T queries, const understudy::ReadOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_list(std::move(queries), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_find_changes(T queries, const understudy::ReadOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_find_changes(std::move(queries), how, heard(std::forward<Token>(token)));
    }
    template<class T, class Token>
    void async_extent(T extremes, const understudy::ReadOptions& how, Token&& token) {
        if (life_.step())
            Inner::async_extent(std::move(extremes), how, heard(std::forward<Token>(token)));
    }
    template<class Token>
    void async_begin_pass(std::string pass, std::string holder, std::chrono::milliseconds lease, Token&& token) {
        if (life_.step())
            Inner::async_begin_pass(std::move(pass), std::move(holder), lease, heard(std::forward<Token>(token)));
    }
    template<class Token>
    void async_end_pass(std::string pass, std::uint64_t fence, std::string position, Token&& token) {
        if (life_.step())
            Inner::async_end_pass(std::move(pass), fence, std::move(position), heard(std::forward<Token>(token)));
    }

#define UNDERSTUDY_TESTS_MORTAL(name)                                                                                  \
    template<class T, class Token>                                                                                     \
    void name(T what, Token&& token) {                                                                                 \
        if (life_.step())                                                                                              \
            Inner::name(std::move(what), heard(std::forward<Token>(token)));                                           \
    }
    UNDERSTUDY_TESTS_MORTAL(async_step_pass)
    UNDERSTUDY_TESTS_MORTAL(async_apply)
    UNDERSTUDY_TESTS_MORTAL(async_hint)
    UNDERSTUDY_TESTS_MORTAL(async_settle)
    UNDERSTUDY_TESTS_MORTAL(async_find_marked)
    UNDERSTUDY_TESTS_MORTAL(async_begin)
    UNDERSTUDY_TESTS_MORTAL(async_decide)
    UNDERSTUDY_TESTS_MORTAL(async_ask)
    UNDERSTUDY_TESTS_MORTAL(async_take_over)
#undef UNDERSTUDY_TESTS_MORTAL

    template<class Token>
    void async_draw_ticket(Token&& token) {
        if (life_.step())
            Inner::async_draw_ticket(heard(std::forward<Token>(token)));
    }
    template<class Token>
    void async_renew(Token&& token) {
        if (life_.step())
            Inner::async_renew(heard(std::forward<Token>(token)));
    }
    template<class Settlements, class Token>
    void async_end(std::vector<understudy::Ending> endings, Settlements settlements, Token&& token) {
        if (life_.step())
            Inner::async_end(std::move(endings), std::move(settlements), heard(std::forward<Token>(token)));
    }

private:
    template<class Handler>
    auto heard(Handler handler) const {
        return [life = life_, handler = std::move(handler)]<class... Args>(Args&&... args) mutable {
            if (life.step())
                std::move(handler)(std::forward<Args>(args)...);
        };
    }

    Life life_;
};

} // namespace tests
