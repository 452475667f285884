#include "sync_endpoints.hpp"

#include "admin_responses.hpp"
#include "document.hpp"
#include "problem.hpp"
#include "query_string.hpp"
#include "source_unavailable.hpp"
#include "validation.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace service {
namespace {

using understudy::PassKind;
using understudy::PassOutcome;
using understudy::PassReport;

constexpr auto hint_timeout = std::chrono::seconds{5};

std::string_view text_of(PassOutcome outcome) {
    switch (outcome) {
    case PassOutcome::running:
        return "running";
    case PassOutcome::completed:
        return "completed";
    case PassOutcome::incomplete:
        return "incomplete";
    case PassOutcome::interrupted:
        return "interrupted";
    case PassOutcome::led_elsewhere:
        return "led_elsewhere";
    }
    return {};
}

// What went wrong, item by item: first what concerns a whole type.
void put_errors(boost::json::value& json, const SyncReport& report) {
    auto& errors = json.emplace_array();
    const auto put = [&](std::size_t type, std::string_view id, std::string_view message) {
        boost::json::object one;
        one["type"] = boost::json::string_view{mirrored_type_names[type].data(), mirrored_type_names[type].size()};
        if (!id.empty())
            one["id"] = boost::json::string_view{id.data(), id.size()};
        one["error"] = boost::json::string_view{message.data(), message.size()};
        errors.push_back(std::move(one));
    };
    for (std::size_t i = 0; i < report.types.size(); ++i) {
        if (!report.types[i])
            continue;
        const auto& pass = *report.types[i];
        if (pass.error)
            put(i, {}, pass.error.message());
        if (pass.braked)
            put(i, {},
                std::to_string(pass.deletes_wanted) +
                    " records are gone, more than are deleted unasked: none was deleted");
        for (const auto& error : pass.errors)
            put(i, error.key, error.error.message());
    }
}

std::size_t errors_in(const SyncReport& report) {
    std::size_t count = report.sum(&PassReport::failed);
    for (const auto& pass : report.types)
        count += pass ? (pass->error ? 1U : 0U) + (pass->braked ? 1U : 0U) : 0U;
    return count;
}

Response answer(const SyncReport& report, std::string_view triggered_by, understudy::Timestamp now) {
    const auto records = [&](MirroredType type) {
        const auto& pass = report.types[static_cast<std::size_t>(type)];
        return pass ? pass->records : 0;
    };
    Document document;
    auto& root = document.root();
    root["success"] = report.success();
    root["triggered_by"] = boost::json::string_view{triggered_by.data(), triggered_by.size()};
    auto& summary = root["summary"].emplace_object();
    summary["exams_synced"] = records(MirroredType::exams);
    summary["bookings_synced"] = records(MirroredType::bookings);
    summary["contact_credits_synced"] = records(MirroredType::contacts);
    summary["deleted"] = report.sum(&PassReport::deletes_done);
    summary["errors_count"] = errors_in(report);
    summary["duration_seconds"] = static_cast<double>(report.duration.count()) / 1000.0;
    const auto completed = understudy::format_timestamp(now);
    summary["completed_at"] = boost::json::string_view{completed.data(), completed.size()};
    auto& outcomes = root["outcomes"].emplace_object();
    for (std::size_t i = 0; i < report.types.size(); ++i)
        if (report.types[i]) {
            const auto text = text_of(report.types[i]->outcome);
            outcomes[boost::json::string_view{mirrored_type_names[i].data(), mirrored_type_names[i].size()}] =
                boost::json::string_view{text.data(), text.size()};
        }
    put_errors(root["errors"], report);
    const auto reached_nothing = std::ranges::all_of(
        report.types, [](const auto& pass) { return !pass || (pass->error && pass->records == 0); });
    return document.answer(report.success() ? 200U : reached_nothing ? 503U : 207U);
}

// The parameters, or what refuses the request.
std::variant<QueryString, Response> parameters(std::string_view query) {
    auto parsed = QueryString::parse(query);
    if (const auto* why = std::get_if<std::string>(&parsed))
        return admin_error(400, "VALIDATION_ERROR", *why);
    return std::get<QueryString>(std::move(parsed));
}

// Whether a flag that is set unless it says otherwise is.
std::optional<bool> flag(const QueryString& query, std::string_view name) {
    const auto* text = query.find(name);
    if (!text || *text == "true")
        return true;
    return *text == "false" ? std::optional{false} : std::nullopt;
}

Response bad_parameter(std::string_view name, std::string_view wanted) {
    return admin_error(400, "VALIDATION_ERROR", std::string{name} + " must be " + std::string{wanted});
}

} // namespace

SyncEndpoints::SyncEndpoints(Reconciliation& reconciliation, HintDesk& hints, const Log& log, Now now)
    : reconciliation_{reconciliation}
    , hints_{hints}
    , log_{log}
    , now_{std::move(now)} {}

void SyncEndpoints::run(std::string_view query, Respond respond) {
    const auto parsed = parameters(query);
    if (const auto* refused = std::get_if<Response>(&parsed))
        return respond(*refused);
    const auto& given = std::get<QueryString>(parsed);
    SyncRequest request;
    if (const auto* mode = given.find("mode"); mode && *mode == "incremental")
        request.kind = PassKind::incremental;
    else if (mode && *mode != "full")
        return respond(bad_parameter("mode", "full or incremental"));
    const auto wait = flag(given, "wait");
    if (!wait)
        return respond(bad_parameter("wait", "true or false"));
    begin(request, "cron", *wait, std::move(respond));
}

void SyncEndpoints::force(std::string_view query, Respond respond) {
    const auto parsed = parameters(query);
    if (const auto* refused = std::get_if<Response>(&parsed))
        return respond(*refused);
    const auto& given = std::get<QueryString>(parsed);
    const auto* type = given.find("type");
    const auto* const at = type ? std::ranges::find(mirrored_type_names, *type) : mirrored_type_names.end();
    if (at == mirrored_type_names.end())
        return respond(bad_parameter("type", "exams, bookings or contacts"));
    const auto wait = flag(given, "wait");
    if (!wait)
        return respond(bad_parameter("wait", "true or false"));
    SyncRequest request;
    request.only = static_cast<MirroredType>(at - mirrored_type_names.begin());
    const auto* id = given.find("id");
    if (!id)
        return begin(request, "admin", *wait, std::move(respond));
    if (!is_record_id(*id))
        return respond(bad_parameter("id", "a record's id"));
    Hints hints;
    (*request.only == MirroredType::contacts ? hints.contacts
     : *request.only == MirroredType::exams  ? hints.exams
                                             : hints.bookings)
        .push_back(*id);
    hints_.hint(std::move(hints), hint_timeout, [respond = std::move(respond)](understudy::error_code error) {
        if (error)
            return respond(admin_problem(problem_of(ReplicaUnavailable{error})));
        Document document;
        document.root()["success"] = true;
        document.root()["message"] = "The record will be read again";
        respond(document.answer(202));
    });
}

void SyncEndpoints::begin(const SyncRequest& request, std::string triggered_by, bool wait, Respond respond) {
    auto later = wait ? respond : Respond{};
    auto on_report = [this, triggered_by, later](const SyncReport& done) {
        report(done, triggered_by);
        if (later)
            later(answer(done, triggered_by, now_()));
    };
    const auto run = reconciliation_.run(request, std::move(on_report));
    if (!run)
        return respond(admin_error(409, "SYNC_RUNNING", "A reconciliation is under way"));
    if (wait)
        return;
    Document document;
    document.root()["success"] = true;
    document.root()["run_id"] = *run;
    respond(document.answer(202));
}

void SyncEndpoints::report(const SyncReport& report, const std::string& triggered_by) const {
    log_.write(report.success() ? LogLevel::info : LogLevel::warning, "sync_ended",
               {{"triggered_by", triggered_by},
                {"records", report.sum(&PassReport::records)},
                {"changed", report.sum(&PassReport::changed)},
                {"deleted", report.sum(&PassReport::deletes_done)},
                {"errors", errors_in(report)}});
}

} // namespace service
