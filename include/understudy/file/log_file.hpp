#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::file {

/// The error of the system call before.
inline boost::system::error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

/// A file that grows at its end. Its functions are virtual so that tests can have disks that fail.
///
/// *Thread safety*: distinct objects. All functions block.
class LogFile {
public:
    /// Opens a file, or makes it, with mode 0600. Throws `boost::system::system_error`.
    explicit LogFile(const std::string& path)
        : descriptor_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR)} {
        if (descriptor_ < 0)
            throw boost::system::system_error{last_error(), path};
    }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    virtual ~LogFile() { ::close(descriptor_); }

    /// Writes all of it; when it fails, some may be written.
    virtual boost::system::error_code append(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written > 0)
                bytes.remove_prefix(static_cast<std::size_t>(written));
            else if (written == 0 || errno != EINTR)
                return last_error();
        }
        return {};
    }
    /// When it returns without an error, what was written is on the disk. After an error nobody knows what is.
    virtual boost::system::error_code sync() {
        return ::fdatasync(descriptor_) == 0 ? boost::system::error_code{} : last_error();
    }
    /// Cuts off what is beyond `size`.
    virtual boost::system::error_code truncate(std::uint64_t size) {
        return ::ftruncate(descriptor_, static_cast<off_t>(size)) == 0 ? boost::system::error_code{} : last_error();
    }

private:
    int descriptor_;
};

} // namespace understudy::file
