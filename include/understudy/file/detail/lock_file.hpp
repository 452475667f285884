#pragma once

#include <understudy/file/log_file.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace understudy::file::detail {

// A file that one process at a time has; it is free when the process is gone, however it went. The file itself stays:
// whoever removed it would take the lock from under somebody who just got it.
class LockFile {
public:
    explicit LockFile(const std::string& path)
        : descriptor_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)} {
        if (descriptor_ < 0)
            throw boost::system::system_error{last_error(), path};
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0)
            return;
        const auto error = errno == EWOULDBLOCK
                               ? boost::system::errc::make_error_code(boost::system::errc::device_or_resource_busy)
                               : last_error();
        ::close(descriptor_);
        throw boost::system::system_error{error, path + ": somebody else has the journal open"};
    }
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile() { ::close(descriptor_); }

private:
    int descriptor_;
};

} // namespace understudy::file::detail
