#pragma once

#include <understudy/detail/journal_book.hpp>
#include <understudy/file/detail/journal_line.hpp>
#include <understudy/file/detail/lock_file.hpp>
#include <understudy/file/log_file.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::file::detail {

using boost::system::error_code;

// The file of a journal: everything that blocks. Each function may run on another thread than the one before; two at
// once may run only where it says so.
class JournalLog {
public:
    using Instant = JournalBook::Instant;
    using Open = std::function<std::unique_ptr<LogFile>(const std::string&)>;

    // What a file says.
    struct Contents {
        std::unordered_map<std::string, Operation> operations{};
        Instant at{0};          // when the last line was written
        std::uint64_t size = 0; // of the lines that are complete
        bool torn = false;      // something incomplete is behind them
    };

    // A new file that is to take the log's place.
    struct Successor {
        std::unique_ptr<LogFile> file{};
        std::uint64_t covered = 0; // how much of the log it stands for
        std::uint64_t size = 0;
    };

    JournalLog(std::string path, Open open)
        : path_{std::move(path)}
        , open_{open ? std::move(open) : [](const std::string& name) { return std::make_unique<LogFile>(name); }}
        , lock_{path_ + ".lock"} {
        remove_successor();
        std::error_code none;
        const auto found = std::filesystem::file_size(path_, none);
        if (none || found == 0)
            create();
        else
            file_ = open_(path_);
    }

    // What the log says when it is opened. What a crash left incomplete is cut off.
    Contents open() {
        auto contents = read(UINT64_MAX);
        size_ = contents.size;
        auto error = contents.torn ? file_->truncate(size_) : error_code{};
        // A process that was killed may have written what is not on the disk yet.
        if (!error)
            error = file_->sync();
        if (error)
            throw boost::system::system_error{error, path_};
        return contents;
    }

    std::uint64_t size() const noexcept { return size_; }
    // Once this is set, nobody knows what is on the disk.
    error_code broken() const noexcept { return broken_; }

    error_code append(const std::string& line) {
        if (const auto error = file_->append(line)) {
            auto undone = file_->truncate(size_);
            if (!undone)
                undone = file_->sync();
            if (undone)
                broken_ = error;
            return error;
        }
        if (const auto error = file_->sync())
            return broken_ = error;
        size_ += line.size();
        return {};
    }

    // Writes the state of things after the first `covered` bytes into a new file, but for what `forgotten` names. May
    // run beside `append`.
    error_code write_successor(std::uint64_t covered, Instant now,
                               const std::function<bool(const Operation&)>& forgotten, Successor& successor) const {
        try {
            const auto contents = read(covered);
            successor.file = open_(successor_path());
            successor.covered = covered;
            std::string text = line_of({{"journal", format_version}, {"at", now.count()}});
            for (const auto& [id, operation] : contents.operations) {
                if (forgotten(operation))
                    continue;
                text += line_of({{"at", now.count()}, {"operations", boost::json::array{json_of(id, &operation)}}});
                if (text.size() > 1 << 16)
                    if (const auto error = flush(successor, text))
                        return error;
            }
            auto error = flush(successor, text);
            return error ? error : successor.file->sync();
        } catch (const boost::system::system_error& error) {
            return error.code();
        }
    }

    // Puts a new file into the log's place, with what was appended meanwhile. Until that is done the log stays as it
    // is, so an error hurts nobody unless it is `broken` afterwards.
    error_code take(Successor successor) {
        std::ifstream old{path_, std::ios::binary};
        old.seekg(static_cast<std::streamoff>(successor.covered));
        std::string text(1 << 16, '\0');
        for (auto left = size_ - successor.covered; left != 0; left -= text.size()) {
            text.resize(std::min<std::uint64_t>(left, 1 << 16));
            if (!old.read(text.data(), static_cast<std::streamsize>(text.size())))
                return boost::system::errc::make_error_code(boost::system::errc::io_error);
            std::string part = text;
            if (const auto error = flush(successor, part))
                return error;
        }
        if (const auto error = successor.file->sync())
            return error;
        if (std::rename(successor_path().c_str(), path_.c_str()) != 0)
            return last_error();
        file_ = std::move(successor.file);
        size_ = successor.size;
        return broken_ = sync_folder();
    }
    void remove_successor() const {
        std::error_code ignored;
        std::filesystem::remove(successor_path(), ignored);
    }

private:
    std::string successor_path() const { return path_ + ".new"; }

    static error_code flush(Successor& successor, std::string& text) {
        const auto error = successor.file->append(text);
        successor.size += text.size();
        text.clear();
        return error;
    }

    void create() {
        Successor first;
        auto error = write_successor(
            0, Instant{0}, [](const Operation&) { return true; }, first);
        if (!error)
            error = take(std::move(first));
        if (error)
            throw boost::system::system_error{error, path_};
    }

    error_code sync_folder() const {
        const auto folder = std::filesystem::path{path_}.parent_path();
        const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const auto error = descriptor < 0 || ::fsync(descriptor) != 0 ? last_error() : error_code{};
        if (descriptor >= 0)
            ::close(descriptor);
        return error;
    }

    [[noreturn]] void refuse(std::size_t number, const char* why) const {
        throw boost::system::system_error{boost::system::errc::make_error_code(boost::system::errc::bad_message),
                                          path_ + ", line " + std::to_string(number) + ": " + why};
    }

    // What the first `limit` bytes say.
    Contents read(std::uint64_t limit) const {
        Contents contents;
        if (limit == 0)
            return contents;
        std::ifstream in{path_, std::ios::binary};
        if (!in)
            throw boost::system::system_error{last_error(), path_};
        std::string line;
        for (std::size_t number = 1; contents.size < limit && std::getline(in, line); ++number) {
            const bool ended = !in.eof();
            const bool last = !ended || in.peek() == std::ifstream::traits_type::eof();
            // A write that did not get to its end leaves no end of line, or blocks of zeros: nobody was answered.
            if (last && (!ended || line.find('\0') != std::string::npos)) {
                contents.torn = true;
                break;
            }
            read_line(number, line, contents);
            contents.size += line.size() + 1;
        }
        if (contents.size == 0)
            refuse(1, "not a journal that this version reads");
        if (in.bad())
            throw boost::system::system_error{last_error(), path_};
        return contents;
    }

    void read_line(std::size_t number, const std::string& line, Contents& contents) const {
        const auto content = content_of(line);
        if (!content)
            refuse(number, "damaged");
        const auto* version = content->if_contains("journal");
        if (number == 1 && (!version || *version != format_version))
            refuse(number, "not a journal that this version reads");
        const auto* at = content->if_contains("at");
        std::int64_t time = 0;
        if (!at || !JsonCodec<std::int64_t>::read(*at, time))
            refuse(number, "without a time");
        contents.at = std::max(contents.at, Instant{time});
        const auto* operations = content->if_contains("operations");
        if (!operations)
            return;
        if (!operations->is_array())
            refuse(number, "without operations");
        for (const auto& value : operations->get_array()) {
            std::string id;
            std::optional<Operation> operation;
            if (!read_operation(value, id, operation))
                refuse(number, "an operation that cannot be understood");
            if (operation)
                contents.operations[id] = std::move(*operation);
            else
                contents.operations.erase(id);
        }
    }

    const std::string path_;
    const Open open_;
    LockFile lock_;
    std::unique_ptr<LogFile> file_;
    std::uint64_t size_ = 0;
    error_code broken_{};
};

} // namespace understudy::file::detail
