#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace tests {

using Variables = std::map<std::string, std::string>;

/// A run of the `understudy` program with an environment of its own; killed with the object if it still runs.
class ServiceProcess {
public:
    ServiceProcess(std::vector<std::string> arguments, const Variables& environment);
    ~ServiceProcess();
    ServiceProcess(const ServiceProcess&) = delete;
    ServiceProcess& operator=(const ServiceProcess&) = delete;

    /// Waits until the program has written a text, or has ended: then it is not there, and false.
    bool wait_for(std::string_view text);
    /// Everything it wrote so far, on both streams.
    std::string output() const;
    /// Waits until it listens. Throws with its output if it ends instead.
    unsigned short port();

    void signal(int number) const;
    /// Waits for its end; the exit status, or 128 and the signal that ended it.
    int wait();

private:
    void collect();

    pid_t pid_ = -1;
    int output_ = -1;
    int status_ = -1;
    mutable std::mutex mutex_;
    std::condition_variable more_;
    std::string text_;
    bool ended_ = false;
    std::thread reader_;
};

} // namespace tests
