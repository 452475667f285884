#pragma once

#include "record_writer.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Contacts and bookings in maps, written at once when it is decided; or not, as it is told. Remembers what it was
/// asked for, and answers an operation that it knows as it did before.
class ScriptedRecords final : public service::RecordWriter {
public:
    std::map<std::string, service::ContactCredits> contacts;
    std::map<std::string, service::Booking> bookings;
    /// What contacts and bookings were merged into.
    std::map<std::string, std::string> survivors;
    understudy::error_code read_error;

    /// What was asked for, and what was decided to be written.
    std::vector<service::WriteOperation> operations;
    std::vector<understudy::Plan> plans;
    /// Writes that the source refuses, by their names.
    std::map<std::string, understudy::error_code> refusals;
    /// How operations under these locks end, whatever was decided; with the cause for which it is refused.
    std::map<std::string, understudy::error_code> ends;
    std::string cause;

    void carry_out(service::WriteOperation operation, Decide decide, ReportHandler handler) override {
        operations.push_back(operation);
        if (const auto at = known_.find(operation.id); !operation.id.empty() && at != known_.end()) {
            auto report = at->second.second;
            report.repeated = true;
            return handler(at->second.first == operation.request ? understudy::error_code{}
                                                                 : make_error_code(understudy::Errc::different_request),
                           report);
        }
        decide([this, operation, handler](understudy::error_code error, const understudy::Plan& plan) {
            understudy::OperationReport report;
            report.state = understudy::OperationState::undone;
            if (!error) {
                plans.push_back(plan);
                error = end(operation, plan, report);
            }
            handler(error, report);
        });
    }
    void update_contact(std::string, understudy::Patch<service::ContactCredits>, std::chrono::milliseconds,
                        UpdateHandler handler) override {
        handler(understudy::Errc::refused, {});
    }
    void read_contact(std::string id, const understudy::ReadOptions&, ContactHandler handler) override {
        handler(read_error, find(contacts, id));
    }
    void read_bookings(std::vector<std::string> ids, const understudy::ReadOptions&, BookingsHandler handler) override {
        std::vector<understudy::Reading<service::Booking>> readings;
        for (const auto& id : ids)
            readings.push_back(find(bookings, id));
        handler(read_error, readings);
    }
    std::string lock_of_contact(const std::string& id) const override { return "contact/" + id; }
    std::string lock_of_booking(const std::string& id) const override { return "booking/" + id; }

    understudy::PlannedWrite
    change_contact(std::string name, const std::string& id, const understudy::Patch<service::ContactCredits>& patch,
                   const std::optional<understudy::Patch<service::ContactCredits>>& = {}) const override {
        effects_[name] = [id, patch](ScriptedRecords& records) { patch.apply_to(records.contacts[id]); };
        return named(std::move(name), id);
    }
    understudy::PlannedWrite
    change_booking(std::string name, const std::string& id, const understudy::Patch<service::Booking>& patch,
                   const std::optional<understudy::Patch<service::Booking>>& = {}) const override {
        effects_[name] = [id, patch](ScriptedRecords& records) { patch.apply_to(records.bookings[id]); };
        return named(std::move(name), id);
    }
    understudy::PlannedWrite create_booking(std::string name, const service::Booking& booking) const override {
        effects_[name] = [booking](ScriptedRecords& records) { records.bookings[records.next_] = booking; };
        return named(std::move(name), {});
    }
    understudy::PlannedWrite create_note(std::string name, const service::Note&,
                                         std::vector<understudy::KeyOf>) const override {
        return named(std::move(name), {});
    }

private:
    understudy::error_code end(const service::WriteOperation& operation, const understudy::Plan& plan,
                               understudy::OperationReport& report) {
        report.cause = cause;
        for (const auto& lock : operation.locks)
            if (const auto told = ends.find(lock); told != ends.end())
                return told->second;
        for (const auto& write : plan.writes) {
            understudy::StepReport step;
            step.name = write.name;
            step.key = write.key;
            if (const auto refused = refusals.find(write.name); refused != refusals.end())
                step.error = refused->second;
            report.steps.push_back(std::move(step));
        }
        for (const auto& step : report.steps)
            if (step.error)
                return step.error;
        report.state = understudy::OperationState::done;
        report.context = plan.context;
        for (auto& step : report.steps) {
            if (step.key.empty()) {
                next_ = std::to_string(++made_);
                step.key = next_;
            }
            effects_.at(step.name)(*this);
        }
        if (!operation.id.empty())
            known_[operation.id] = {operation.request, report};
        return {};
    }
    template<class R>
    understudy::Reading<R> find(const std::map<std::string, R>& records, const std::string& id) const {
        const auto survivor = survivors.find(id);
        const auto& at = survivor == survivors.end() ? id : survivor->second;
        const auto found = records.find(at);
        if (found == records.end())
            return understudy::Reading<R>::none(id);
        auto reading = understudy::Reading<R>::of(found->second, understudy::Version{1});
        reading.id = at;
        return reading;
    }
    static understudy::PlannedWrite named(std::string name, std::string key) {
        understudy::PlannedWrite write;
        write.name = std::move(name);
        write.key = std::move(key);
        return write;
    }

    std::map<std::string, std::pair<std::string, understudy::OperationReport>> known_;
    mutable std::map<std::string, std::function<void(ScriptedRecords&)>> effects_;
    std::string next_;
    int made_ = 900;
};
