#pragma once

#include <understudy/file/journal.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/system/errc.hpp>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

/// A folder that is gone afterwards.
class Folder {
public:
    Folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "understudy-XXXXXX").string();
        if (!::mkdtemp(pattern.data()))
            throw std::runtime_error{"no folder can be made"};
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string operator/(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
inline void write_file(const std::string& path, std::string_view content) {
    std::filesystem::remove(path); // file systems hasten to write a file that replaces what it was
    std::ofstream{path, std::ios::binary} << content;
}

/// What a disk does wrong, and what was asked of it.
struct Faults {
    /// The next calls that write fail like this, after half of what they have to write.
    std::deque<boost::system::error_code> appends{};
    std::deque<boost::system::error_code> syncs{};
    std::deque<boost::system::error_code> truncations{};
    /// Called before each sync that succeeds, while the machine might as well be lost.
    std::function<void()> before_sync{};
    int synced = 0;
};

/// A file of a disk with faults. For the rest it is quick: it syncs nothing.
class FaultyFile final : public understudy::file::LogFile {
public:
    FaultyFile(const std::string& path, std::shared_ptr<Faults> faults)
        : LogFile{path}
        , faults_{std::move(faults)} {}

    boost::system::error_code append(std::string_view bytes) override {
        const auto error = next(faults_->appends);
        const auto written = LogFile::append(error ? bytes.substr(0, bytes.size() / 2) : bytes);
        return error ? error : written;
    }
    boost::system::error_code sync() override {
        if (const auto error = next(faults_->syncs))
            return error;
        if (faults_->before_sync)
            faults_->before_sync();
        ++faults_->synced;
        return {};
    }
    boost::system::error_code truncate(std::uint64_t size) override {
        const auto error = next(faults_->truncations);
        return error ? error : LogFile::truncate(size);
    }

private:
    static boost::system::error_code next(std::deque<boost::system::error_code>& errors) {
        if (errors.empty())
            return {};
        const auto error = errors.front();
        errors.pop_front();
        return error;
    }

    std::shared_ptr<Faults> faults_;
};

inline understudy::file::Disk disk_with(std::shared_ptr<Faults> faults) {
    understudy::file::Disk disk;
    disk.open = [faults = std::move(faults)](const std::string& path) {
        return std::make_unique<FaultyFile>(path, faults);
    };
    return disk;
}

/// Journals in files on virtual time: what blocks is done on the one thread, in its turn.
struct FileBench {
    using Journal = understudy::file::Journal<understudy::testing::VirtualClock>;

    FileBench() { params.path = folder / "journal"; }

    Journal open() {
        auto disk = disk_with(faults);
        disk.executor = time.get_executor();
        return Journal{time.get_executor(), params, {}, std::move(disk)};
    }
    std::uintmax_t size() const { return std::filesystem::file_size(params.path); }

    Folder folder;
    understudy::testing::VirtualTime time;
    understudy::file::JournalParams params{};
    std::shared_ptr<Faults> faults = std::make_shared<Faults>();
};

/// What a file says of each operation: its state, its plan and its cause.
inline std::map<std::string, std::string> states_in(const std::string& path) {
    understudy::file::detail::JournalLog log{path, disk_with(std::make_shared<Faults>()).open};
    std::map<std::string, std::string> states;
    for (const auto& [id, operation] : log.open().operations)
        states[id] = std::to_string(static_cast<int>(operation.entry.state)) + " " + operation.entry.intent.plan + " " +
                     operation.entry.cause;
    return states;
}

} // namespace tests
