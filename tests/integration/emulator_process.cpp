#include "emulator_process.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace emulator {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error{"emulator: " + what + ": " + std::strerror(errno)};
}

class Descriptor {
public:
    explicit Descriptor(int number)
        : number_{number} {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return number_; }
    void close() {
        if (number_ >= 0)
            ::close(number_);
        number_ = -1;
    }

private:
    int number_;
};

std::string read_all(int descriptor) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const auto size = ::read(descriptor, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            fail("read");
        if (size == 0)
            return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

// Reads until so many lines are there; what follows the last one is lost, and nothing follows.
std::string read_lines(int descriptor, int lines) {
    std::string text;
    char c{};
    while (lines > 0) {
        const auto size = ::read(descriptor, &c, 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            throw std::runtime_error{"emulator: did not start"};
        text += c;
        lines -= c == '\n';
    }
    return text;
}

unsigned short port_after(const std::string& text, std::string_view start) {
    const auto at = text.find(start);
    if (at == std::string::npos)
        return 0;
    const auto line = text.substr(at, text.find('\n', at) - at);
    return static_cast<unsigned short>(std::stoi(line.substr(line.rfind(':') + 1)));
}

} // namespace

Process::Process(std::vector<std::string> options, bool tls, std::string address)
    : address_{std::move(address)} {
    auto pattern = (std::filesystem::temp_directory_path() / "emulator.XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
        fail("mkdtemp");
    folder_ = pattern;

    options.insert(options.begin(), {HUBSPOT_EMULATOR, "--address", address_, "--port", "0"});
    if (tls)
        options.insert(options.end(), {"--tls-port", "0", "--tls-cert-out", certificate()});
    std::vector<char*> arguments;
    for (auto& option : options)
        arguments.push_back(option.data());
    arguments.push_back(nullptr);

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe");
    Descriptor out{ends[0]};
    Descriptor in{ends[1]};
    pid_ = ::fork();
    if (pid_ < 0)
        fail("fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::dup2(in.get(), STDOUT_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    in.close();
    try {
        const auto ready = read_lines(out.get(), tls ? 2 : 1);
        port_ = port_after(ready, "listening http ");
        tls_port_ = port_after(ready, "listening https ");
    } catch (...) {
        stop();
        throw;
    }
}

Process::~Process() {
    stop();
}

void Process::stop() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

boost::json::value Process::control(std::string_view method, std::string_view path, const boost::json::value& body) {
    Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port_);
    ::inet_pton(AF_INET, address_.c_str(), &where.sin_addr);
    sockaddr generic{};
    static_assert(sizeof generic == sizeof where);
    std::memcpy(&generic, &where, sizeof where);
    if (::connect(socket.get(), &generic, sizeof generic) != 0)
        fail("connect");

    const auto text = body.is_null() ? std::string{} : boost::json::serialize(body);
    std::string request{method};
    request.append(" /_control/").append(path).append(" HTTP/1.0\r\nHost: emulator\r\nConnection: close\r\n");
    request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    for (std::string_view rest = request; !rest.empty();) {
        const auto sent = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0)
            fail("send");
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    const auto answer = read_all(socket.get());
    const auto head = answer.find("\r\n\r\n");
    const auto space = answer.find(' ');
    if (head == std::string::npos || space == std::string::npos || answer[space + 1] != '2')
        throw std::runtime_error{"emulator: " + request.substr(0, request.find('\r')) + " was answered with " + answer};
    const auto content = answer.substr(head + 4);
    return content.empty() ? boost::json::value{} : boost::json::parse(content);
}

} // namespace emulator
