#include "server.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

using namespace hubspot_emulator;

struct Options {
    Settings settings;
    ServerParams server;
    std::string tls_cert, tls_key, tls_cert_out, port_file, epoch;
    bool tls_expired = false;
};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file)
        throw std::runtime_error("cannot write " + path);
}

void add_options(CLI::App& app, Options& options) {
    auto& s = options.settings;
    app.add_option("--address", options.server.address, "Address to listen on")->capture_default_str();
    app.add_option("--port", options.server.port, "Port for HTTP, 0 picks a free one")->check(CLI::Range(0, 65535));
    app.add_option("--tls-port", options.server.tls_port, "Port for HTTPS, 0 picks a free one")
        ->check(CLI::Range(0, 65535));
    app.add_option("--port-file", options.port_file, "Write the lines that say where it listens here, when ready");
    app.add_option("--tls-cert", options.tls_cert, "Certificate chain, PEM; without one it is self-signed");
    app.add_option("--tls-key", options.tls_key, "Private key, PEM");
    app.add_option("--tls-cert-out", options.tls_cert_out, "Write the self-signed certificate here");
    app.add_flag("--tls-expired", options.tls_expired, "The self-signed certificate expired yesterday");

    app.add_option("--token", s.token, "Access token that is accepted; empty: any")->capture_default_str();
    app.add_option("--portal-id", s.portal_id, "Number of the portal")->capture_default_str();
    const auto count = CLI::Range(0, 10'000'000);
    app.add_flag("--chunked", s.chunked, "Answers come in chunks, as from behind a content delivery network");
    app.add_option("--latency-ms", s.limits.latency_ms, "Each answer takes so long")
        ->check(count)
        ->capture_default_str();
    app.add_option("--limit", s.limits.per_ten_seconds, "Calls in 10 seconds, without searches")
        ->check(count)
        ->capture_default_str();
    app.add_option("--searches", s.limits.searches_per_second, "Searches in a second")
        ->check(count)
        ->capture_default_str();
    app.add_option("--daily", s.limits.per_day, "Calls in a day (UTC)")->check(count)->capture_default_str();
    app.add_flag("--retry-after", s.limits.retry_after, "429s carry Retry-After");

    app.add_option("--contacts", s.seed.contacts, "Contacts to seed")->check(count)->capture_default_str();
    app.add_option("--exams", s.seed.exams, "Mock exams to seed")->check(count)->capture_default_str();
    app.add_option("--bookings", s.seed.bookings, "Bookings to seed")->check(count)->capture_default_str();
    app.add_option("--seed", s.seed.seed, "What the seeded values depend on")->check(count)->capture_default_str();
    app.add_option("--epoch", options.epoch, "Day that seeded dates are relative to, YYYY-MM-DD (today)");

    app.add_option("--index-lag-ms", s.behaviour.index_lag_ms, "Until search sees a change, at least")
        ->check(count)
        ->capture_default_str();
    app.add_option("--index-lag-jitter-ms", s.behaviour.index_lag_jitter_ms, "... and at most so much longer")
        ->check(count)
        ->capture_default_str();
    app.add_option("--calculated-lag-ms", s.behaviour.calculated_lag_ms, "Until calculated properties follow")
        ->check(count)
        ->capture_default_str();
    app.add_option("--background-bump-ms", s.behaviour.background_bump_ms,
                   "A created record's last-modified moves once more after so long, 0: never")
        ->check(count)
        ->capture_default_str();
    app.add_option("--association-batch", s.behaviour.association_batch, "Inputs of a batch read of associations")
        ->check(count)
        ->capture_default_str();
    app.add_flag("--preserve-primary-id", s.behaviour.preserve_primary_id, "Merges keep the primary record's id");
    app.add_flag("--shuffle,!--no-shuffle", s.behaviour.shuffle_batches, "Batch results in an order of their own");

    app.add_option("--exam-type", s.seed.exam_type, "Type id of mock exams")->capture_default_str();
    app.add_option("--booking-type", s.seed.booking_type, "Type id of bookings")->capture_default_str();
    app.add_option("--booking-to-contact", s.seed.booking_to_contact, "Association type id")->capture_default_str();
    app.add_option("--booking-to-exam", s.seed.booking_to_exam, "Association type id")->capture_default_str();
    app.add_option("--note-to-contact", s.seed.note_to_contact, "Association type id")->capture_default_str();
    app.add_option("--exam-to-note", s.seed.exam_to_note, "Association type id")->capture_default_str();
    app.add_option("--note-to-booking", s.seed.note_to_booking, "Association type id")->capture_default_str();
    app.add_option("--exam-requires-exam", s.seed.exam_requires_exam, "Association type id")->capture_default_str();
}

Certificate certificate(const Options& options) {
    if (options.tls_cert.empty() != options.tls_key.empty())
        throw std::runtime_error("--tls-cert and --tls-key go together");
    if (!options.tls_cert.empty())
        return {read_file(options.tls_cert), read_file(options.tls_key)};
    auto made = make_certificate(options.tls_expired);
    if (!options.tls_cert_out.empty())
        write_file(options.tls_cert_out, made.certificate_pem);
    return made;
}

void run(Options& options) {
    if (!options.epoch.empty()) {
        auto epoch = parse_instant(options.epoch);
        if (!epoch || *epoch % day_ms != 0 || *epoch == 0)
            throw std::runtime_error("--epoch must be YYYY-MM-DD");
        options.settings.seed.epoch = *epoch;
    }
    if (options.server.port < 0 && options.server.tls_port < 0)
        options.server.port = 0;
    auto now = std::chrono::system_clock::now().time_since_epoch();
    Emulator emulator(options.settings, std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    options.server.certificate = [&] { return certificate(options); };
    serve(emulator, options.server, [&](const std::string& ready) {
        if (!options.port_file.empty())
            write_file(options.port_file, ready);
        std::cout << ready << std::flush;
    });
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("A HubSpot portal on this machine: its objects, limits, delays and faults");
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& error) {
        std::cerr << "hubspot-emulator: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
