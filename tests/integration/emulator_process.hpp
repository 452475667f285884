#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace emulator {

/// A HubSpot emulator of its own on free ports of the loopback, for the life of this object. Needs no Asio.
class Process {
public:
    /// Starts it with these options besides the ports, and waits until it listens. `--tls-port` is given with `tls`.
    /// Throws `std::runtime_error` if it does not start.
    explicit Process(std::vector<std::string> options = {}, bool tls = false, std::string address = "127.0.0.1");
    ~Process();

    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// `http://127.0.0.1:port`.
    std::string url() const { return "http://" + address_ + ":" + std::to_string(port_); }
    /// `https://127.0.0.1:port`; only with `tls`.
    std::string tls_url() const { return "https://" + address_ + ":" + std::to_string(tls_port_); }
    unsigned short tls_port() const noexcept { return tls_port_; }
    /// The file with its own certificate; only with `tls`.
    std::string certificate() const { return folder_ + "/certificate.pem"; }
    pid_t pid() const noexcept { return pid_; }

    /// Calls a control path, `settings` for instance, and answers with the JSON. Throws `std::runtime_error` for
    /// anything but a success.
    boost::json::value control(std::string_view method, std::string_view path,
                               const boost::json::value& body = nullptr);

    void change(const boost::json::value& settings) { control("PATCH", "settings", settings); }
    void fault(const boost::json::value& fault) { control("POST", "faults", fault); }
    void clear_faults() { control("DELETE", "faults"); }
    boost::json::value counters() { return control("GET", "counters"); }
    /// Makes the search index hold everything.
    void catch_up() { control("POST", "index", {{"catch_up", true}}); }

private:
    void stop() noexcept;

    std::string address_;
    std::string folder_;
    pid_t pid_ = -1;
    unsigned short port_ = 0;
    unsigned short tls_port_ = 0;
};

} // namespace emulator
