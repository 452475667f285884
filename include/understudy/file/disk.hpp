#pragma once

#include <understudy/file/log_file.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace understudy::file {

/// What stands between a journal and the disk. For tests: empty members are the ordinary ones.
struct Disk {
    /// Opens a file, or makes it.
    std::function<std::unique_ptr<LogFile>(const std::string& path)> open{};
    /// Where calls that block are made, one at a time; else on two threads of the executor's context. With the
    /// journal's own executor here everything happens in one thread.
    boost::asio::any_io_executor executor{};
};

} // namespace understudy::file
