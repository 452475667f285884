#include "metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <vector>

namespace service {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view prefix = "understudy_";

class FamilySink final : public MetricSink {
public:
    explicit FamilySink(std::vector<MetricFamily>& families)
        : families_{families} {}

    void counter(std::string_view name, std::string_view help, double value, Labels labels) override {
        add(MetricType::Counter, name, help, labels).counter.value = value;
    }
    void gauge(std::string_view name, std::string_view help, double value, Labels labels) override {
        add(MetricType::Gauge, name, help, labels).gauge.value = value;
    }

private:
    ClientMetric& add(MetricType type, std::string_view name, std::string_view help, Labels labels) {
        std::string full{prefix};
        full += name;
        // Samples of one family come one after another.
        if (families_.empty() || families_.back().name != full) {
            auto& family = families_.emplace_back();
            family.name = std::move(full);
            family.help = help;
            family.type = type;
        }
        auto& metric = families_.back().metric.emplace_back();
        for (const auto& [label, text] : labels) {
            auto& added = metric.label.emplace_back();
            added.name = label;
            added.value = text;
        }
        return metric;
    }

    std::vector<MetricFamily>& families_;
};

// One series an endpoint, and one for the paths that have none.
constexpr std::size_t series_count = endpoint_count + 1;

std::size_t series_of(std::optional<Endpoint> endpoint) {
    return endpoint ? static_cast<std::size_t>(*endpoint) : endpoint_count;
}

std::string label_of(std::size_t series) {
    return series == endpoint_count ? "none" : std::string{name_of(static_cast<Endpoint>(series))};
}

} // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests =
        prometheus::BuildCounter().Name("understudy_http_requests_total").Help("Requests answered").Register(registry);
    prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                             .Name("understudy_http_request_seconds")
                                                             .Help("Time from a request's last byte to its answer")
                                                             .Register(registry);
    std::array<std::map<unsigned, prometheus::Counter*>, series_count> counters;
    std::array<prometheus::Histogram*, series_count> histograms{};
    std::vector<Collect> parts;
};

Metrics::Metrics()
    : impl_{std::make_unique<Impl>()} {
    const prometheus::Histogram::BucketBoundaries bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                         0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
    for (std::size_t series = 0; series < series_count; ++series)
        impl_->histograms[series] = &impl_->seconds.Add({{"endpoint", label_of(series)}}, bounds);
}

Metrics::~Metrics() = default;

void Metrics::count_request(std::optional<Endpoint> endpoint, unsigned status, std::chrono::nanoseconds took) {
    const auto series = series_of(endpoint);
    auto& counter = impl_->counters[series][status];
    if (!counter)
        counter = &impl_->requests.Add({{"endpoint", label_of(series)}, {"status", std::to_string(status)}});
    counter->Increment();
    impl_->histograms[series]->Observe(std::chrono::duration<double>{took}.count());
}

void Metrics::add(Collect collect) {
    impl_->parts.push_back(std::move(collect));
}

std::string Metrics::text() const {
    auto families = impl_->registry.Collect();
    FamilySink sink{families};
    for (const auto& part : impl_->parts)
        part(sink);
    return prometheus::TextSerializer{}.Serialize(families);
}

} // namespace service
