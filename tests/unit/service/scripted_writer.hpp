#pragma once

#include "record_writer.hpp"
#include "type_writer.hpp"

#include <understudy/record_json.hpp>

#include <boost/json/serialize.hpp>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Carries out whatever is decided, at once, and writes it nowhere; or ends it as it is told. Reads contacts from a
/// map.
class ScriptedWriter final : public service::RecordWriter {
public:
    struct Outcome {
        understudy::error_code error{};
        understudy::OperationReport report{};
    };

    std::map<std::string, service::ContactCredits> contacts;
    std::map<std::string, std::string> survivors;
    understudy::error_code read_error;

    /// What was asked for.
    std::vector<service::WriteOperation> operations;
    /// What was decided to be written.
    std::vector<understudy::Plan> plans;
    /// How the next operations that are decided end; the others end well.
    std::deque<Outcome> outcomes;
    /// Operations that the journal knows already.
    std::map<std::string, Outcome> known;
    /// What creations are called by the source.
    std::string new_key = "501";

    void carry_out(service::WriteOperation operation, Decide decide, ReportHandler handler) override {
        operations.push_back(operation);
        if (const auto at = known.find(operation.id); at != known.end())
            return handler(at->second.error, at->second.report);
        decide([this, handler](understudy::error_code error, understudy::Plan plan) {
            understudy::OperationReport report;
            report.state = understudy::OperationState::undone;
            if (error)
                return handler(error, report);
            plans.push_back(plan);
            if (!outcomes.empty()) {
                const auto outcome = std::move(outcomes.front());
                outcomes.pop_front();
                return handler(outcome.error, outcome.report);
            }
            report.state = understudy::OperationState::done;
            for (const auto& write : plan.writes) {
                understudy::StepReport step;
                step.name = write.name;
                step.key = write.key.empty() ? new_key : write.key;
                report.steps.push_back(std::move(step));
            }
            handler({}, report);
        });
    }
    void update_contact(std::string, understudy::Patch<service::ContactCredits>, std::chrono::milliseconds,
                        UpdateHandler handler) override {
        handler(understudy::Errc::refused, {});
    }
    void read_contact(std::string id, const understudy::ReadOptions&, ContactHandler handler) override {
        using Reading = understudy::Reading<service::ContactCredits>;
        const auto survivor = survivors.find(id);
        const auto found = contacts.find(survivor == survivors.end() ? id : survivor->second);
        handler(read_error,
                found == contacts.end() ? Reading::none(id) : Reading::of(found->second, understudy::Version{1}));
    }
    void read_bookings(std::vector<std::string>, const understudy::ReadOptions&, BookingsHandler handler) override {
        handler(understudy::Errc::unavailable, {});
    }
    std::string lock_of_contact(const std::string& id) const override { return "contact/" + id; }
    std::string lock_of_booking(const std::string& id) const override { return "booking/" + id; }
    understudy::PlannedWrite
    change_contact(std::string name, const std::string& id, const understudy::Patch<service::ContactCredits>& patch,
                   const std::optional<understudy::Patch<service::ContactCredits>>& = {}) const override {
        understudy::PlannedWrite write;
        write.name = std::move(name);
        write.key = id;
        write.values = boost::json::serialize(understudy::to_json(patch));
        return write;
    }
    understudy::PlannedWrite
    change_booking(std::string, const std::string&, const understudy::Patch<service::Booking>&,
                   const std::optional<understudy::Patch<service::Booking>>& = {}) const override {
        return {};
    }
    understudy::PlannedWrite create_booking(std::string, const service::Booking&) const override { return {}; }
    understudy::PlannedWrite create_note(std::string, const service::Note&,
                                         std::vector<understudy::KeyOf>) const override {
        return {};
    }
};

/// Exams in a map.
class ScriptedExamWriter final : public service::TypeWriter<service::MockExam> {
public:
    using Exam = service::MockExam;

    std::map<std::string, Exam> exams;
    std::map<std::string, std::string> survivors;
    understudy::error_code read_error;

    void update(std::string, understudy::Patch<Exam>, std::chrono::milliseconds, UpdateHandler handler) override {
        handler(understudy::Errc::refused, {});
    }
    void read(std::vector<std::string> ids, const understudy::ReadOptions&, ReadHandler handler) override {
        using Reading = understudy::Reading<Exam>;
        std::vector<Reading> readings;
        for (const auto& id : ids) {
            const auto survivor = survivors.find(id);
            const auto found = exams.find(survivor == survivors.end() ? id : survivor->second);
            readings.push_back(found == exams.end() ? Reading::none(id)
                                                    : Reading::of(found->second, understudy::Version{1}));
        }
        handler(read_error, readings);
    }
    std::string lock_of(const std::string& id) const override { return "exam/" + id; }
    understudy::PlannedWrite change(std::string name, const std::string& id, const understudy::Patch<Exam>& patch,
                                    const std::optional<understudy::Patch<Exam>>& undo) const override {
        auto write = named(std::move(name), id);
        write.values = boost::json::serialize(understudy::to_json(patch));
        if (undo)
            write.undo = boost::json::serialize(understudy::to_json(*undo));
        return write;
    }
    understudy::PlannedWrite associate(std::string name, const std::string& id, const understudy::Links<Exam>& links,
                                       const std::optional<understudy::Links<Exam>>& undo) const override {
        auto write = named(std::move(name), id);
        write.action = understudy::WriteAction::associate;
        write.values = boost::json::serialize(understudy::to_json(links));
        if (undo)
            write.undo = boost::json::serialize(understudy::to_json(*undo));
        return write;
    }
    understudy::PlannedWrite create(std::string name, const Exam& exam) const override {
        auto write = named(std::move(name), {});
        write.action = understudy::WriteAction::create;
        write.values = boost::json::serialize(understudy::to_json(exam));
        return write;
    }
    understudy::PlannedWrite archive(std::string name, const std::string& id) const override {
        auto write = named(std::move(name), id);
        write.action = understudy::WriteAction::archive;
        return write;
    }

private:
    static understudy::PlannedWrite named(std::string name, std::string key) {
        understudy::PlannedWrite write;
        write.name = std::move(name);
        write.key = std::move(key);
        return write;
    }
};
