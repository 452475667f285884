#pragma once

#include <understudy/detail/book_journal.hpp>
#include <understudy/journal.hpp>
#include <understudy/memory/detail/journal_keeper.hpp>
#include <understudy/memory/journal_params.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace understudy::memory {

/// A journal in memory: for tests, and for compositions that may forget what they promised when their process ends.
///
/// A handle: copies share one session; `another_session` shares the operations. `Clock` is monotonic and counts the
/// leases. Settlements run side by side, before the operations end.
template<class Clock = std::chrono::steady_clock>
class Journal : public understudy::detail::BookJournal<detail::JournalKeeper<Clock>> {
    using Keeper = detail::JournalKeeper<Clock>;
    using Base = understudy::detail::BookJournal<Keeper>;

public:
    using typename Base::executor_type;
    using typename Base::Reserve;

    /// Without `reserve`, every reservation is to be had.
    explicit Journal(executor_type executor, const JournalParams& params = {}, Reserve reserve = {})
        : Base{std::make_shared<Keeper>(std::move(executor), params, std::move(reserve))} {}

    /// A session of its own with the same journal, as another process would have.
    Journal another_session() const { return Journal{this->keeper()}; }

private:
    explicit Journal(std::shared_ptr<Keeper> keeper)
        : Base{std::move(keeper)} {}
};

} // namespace understudy::memory
