#pragma once

#include <understudy/detail/book_journal.hpp>
#include <understudy/file/detail/journal_keeper.hpp>
#include <understudy/file/disk.hpp>
#include <understudy/file/journal_params.hpp>
#include <understudy/journal.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace understudy::file {

/// A journal in a file, for compositions in which one process writes: models `understudy::Journal`, whose contract each
/// operation keeps. It needs no database, so writes are accepted also while the replica is down.
///
///     file::JournalParams params;
///     params.path = "/var/lib/shop/journal";
///     WriteThroughSync books{source, replica, file::Journal{executor, params}};
///
/// Everything is in memory and every change is in the file, before anybody is answered: calls that come while the disk
/// is busy leave in one write and one `fdatasync`. The executor's thread never waits for the disk, but for the
/// constructor, which reads the file.
///
/// **When the process ends**, however it does, the next one that opens the file finds what was promised, and its first
/// `async_take_over` gets it: leases count as run out. How long the former holder was silent is counted from the
/// opening, since nobody knows when it ended: too short rather than too long. A last line that was not written to its
/// end is cut off: nobody was answered.
///
/// *Errors*. The constructor throws `boost::system::system_error`, which names the file: with
/// `errc::device_or_resource_busy` if another process, or another journal of this one, has it open; with
/// `errc::bad_message` and the number of the line if a line is damaged; with what the system says otherwise. The
/// operations fail with what the disk says, and then nothing has changed; when there is room again they work again. But
/// once a `fdatasync` has failed nobody knows what is on the disk, and everything fails with its error until the
/// journal is opened anew.
///
/// **The file** has mode 0600, for it holds what was written, and is text: each line is a transaction, `<crc> <json>`,
/// where `<crc>` is the CRC-32 (ISO 3309) of the JSON as eight hexadecimal digits. The first line is
/// `{"journal":1,"at":…}`, those that follow `{"at":…,"operations":[…]}` with each operation that changed as it is from
/// then on: `id`, `state`, `fence`, `place` (in the order of arrival), `kind`, `keys`, `request`, `plan`, `cause`,
/// `since` (when it ended) and `reserved`; texts that are empty are left out. One that has nothing but its `id` is
/// forgotten. Times are nanoseconds for which the journal has been open. When the file is much longer than what it says
/// it is written anew beside the calls, and put in place of the old one.
///
/// A handle: copies share one session; `another_session` shares the operations. `Clock` is monotonic and counts the
/// leases. *Thread safety*: the journal's executor only.
template<class Clock = std::chrono::steady_clock>
class Journal : public understudy::detail::BookJournal<detail::JournalKeeper<Clock>> {
    using Keeper = detail::JournalKeeper<Clock>;
    using Base = understudy::detail::BookJournal<Keeper>;

public:
    using typename Base::executor_type;
    using typename Base::Reserve;

    /// Opens the file, or makes it. Without `reserve`, every reservation is to be had.
    explicit Journal(executor_type executor, const JournalParams& params, Reserve reserve = {}, Disk disk = {})
        : Base{std::make_shared<Keeper>(std::move(executor), params, std::move(reserve), std::move(disk))} {}

    /// A session of its own with the same journal.
    Journal another_session() const { return Journal{this->keeper()}; }

private:
    explicit Journal(std::shared_ptr<Keeper> keeper)
        : Base{std::move(keeper)} {}
};

} // namespace understudy::file
