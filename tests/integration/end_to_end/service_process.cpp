#include "service_process.hpp"

#include <csignal>
#include <stdexcept>
#include <utility>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests {

ServiceProcess::ServiceProcess(std::vector<std::string> arguments, const Variables& environment) {
    arguments.insert(arguments.begin(), UNDERSTUDY);
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment)
        variables.push_back(name + "=" + value);
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> out;
        for (auto& text : texts)
            out.push_back(text.data());
        out.push_back(nullptr);
        return out;
    };
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);

    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error{"pipe"};
    pid_ = ::fork();
    if (pid_ < 0)
        throw std::runtime_error{"fork"};
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        ::close(ends[0]);
        ::close(ends[1]);
        ::execve(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
    reader_ = std::thread{[this] { collect(); }};
}

ServiceProcess::~ServiceProcess() {
    if (status_ < 0) {
        signal(SIGKILL);
        wait();
    }
    reader_.join();
    ::close(output_);
}

void ServiceProcess::collect() {
    char buffer[4096];
    for (;;) {
        const auto size = ::read(output_, buffer, sizeof buffer);
        const std::lock_guard lock{mutex_};
        if (size > 0)
            text_.append(buffer, static_cast<std::size_t>(size));
        else
            ended_ = true;
        more_.notify_all();
        if (ended_)
            return;
    }
}

bool ServiceProcess::wait_for(std::string_view text) {
    std::unique_lock lock{mutex_};
    more_.wait(lock, [&] { return ended_ || text_.find(text) != std::string::npos; });
    return text_.find(text) != std::string::npos;
}

std::string ServiceProcess::output() const {
    const std::lock_guard lock{mutex_};
    return text_;
}

unsigned short ServiceProcess::port() {
    constexpr std::string_view before = " port=";
    if (!wait_for("event=listening") || !wait_for(" version="))
        throw std::runtime_error{"the service did not start: " + output()};
    const auto text = output();
    return static_cast<unsigned short>(
        std::stoi(text.substr(text.find(before, text.find("listening")) + before.size())));
}

void ServiceProcess::signal(int number) const {
    ::kill(pid_, number);
}

int ServiceProcess::wait() {
    if (status_ < 0) {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // What it wrote last is there, too.
    std::unique_lock lock{mutex_};
    more_.wait(lock, [&] { return ended_; });
    return status_;
}

} // namespace tests
