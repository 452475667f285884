#pragma once

#include "router.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace service {

/// What a part of the service counts, handed out whenever somebody asks. Names get the prefix `understudy_`.
class MetricSink {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    virtual ~MetricSink() = default;
    virtual void counter(std::string_view name, std::string_view help, double value, Labels labels = {}) = 0;
    virtual void gauge(std::string_view name, std::string_view help, double value, Labels labels = {}) = 0;
};

/// The service's counters as Prometheus reads them (text exposition format 0.0.4).
class Metrics {
public:
    using Collect = std::function<void(MetricSink&)>;

    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Counts an answered request; an endpoint is missing where the path has none.
    void count_request(std::optional<Endpoint> endpoint, unsigned status, std::chrono::nanoseconds took);

    /// Adds a part that keeps its own counters; it is asked whenever `text` is called.
    void add(Collect collect);

    std::string text() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace service
