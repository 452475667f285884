#pragma once

#include "record_writer.hpp"
#include "type_writer.hpp"

#include <understudy/operations.hpp>

#include <string>
#include <utility>
#include <vector>

namespace service {

/// Writes through the writers of contacts, bookings and notes, which share `operations` and outlive it.
template<class Operations>
class JournaledRecordWriter final : public RecordWriter {
public:
    JournaledRecordWriter(Operations operations, TypeWriter<ContactCredits>& contacts, TypeWriter<Booking>& bookings,
                          TypeWriter<Note>& notes)
        : operations_{std::move(operations)}
        , contacts_{contacts}
        , bookings_{bookings}
        , notes_{notes} {}

    void carry_out(WriteOperation operation, Decide decide, ReportHandler handler) override {
        understudy::OperationRequest request;
        request.id = std::move(operation.id);
        request.kind = std::move(operation.kind);
        request.keys = std::move(operation.locks);
        request.request = std::move(operation.request);
        request.timeout = operation.timeout;
        operations_.async_carry_out(std::move(request), std::move(decide), std::move(handler));
    }

    void update_contact(std::string id, understudy::Patch<ContactCredits> patch, std::chrono::milliseconds timeout,
                        UpdateHandler handler) override {
        contacts_.update(std::move(id), std::move(patch), timeout, std::move(handler));
    }

    void read_contact(std::string id, const understudy::ReadOptions& options, ContactHandler handler) override {
        contacts_.read(
            std::vector<std::string>(1, std::move(id)), options,
            [handler = std::move(handler)](auto error, const auto& readings) { handler(error, readings.front()); });
    }
    void read_bookings(std::vector<std::string> ids, const understudy::ReadOptions& options,
                       BookingsHandler handler) override {
        bookings_.read(std::move(ids), options, std::move(handler));
    }

    std::string lock_of_contact(const std::string& id) const override { return contacts_.lock_of(id); }
    std::string lock_of_booking(const std::string& id) const override { return bookings_.lock_of(id); }

    understudy::PlannedWrite
    change_contact(std::string name, const std::string& id, const understudy::Patch<ContactCredits>& patch,
                   const std::optional<understudy::Patch<ContactCredits>>& undo) const override {
        return contacts_.change(std::move(name), id, patch, undo);
    }
    understudy::PlannedWrite change_booking(std::string name, const std::string& id,
                                            const understudy::Patch<Booking>& patch,
                                            const std::optional<understudy::Patch<Booking>>& undo) const override {
        return bookings_.change(std::move(name), id, patch, undo);
    }
    understudy::PlannedWrite create_booking(std::string name, const Booking& booking) const override {
        return bookings_.create(std::move(name), booking);
    }
    understudy::PlannedWrite create_note(std::string name, const Note& note,
                                         std::vector<understudy::KeyOf> keys) const override {
        auto write = notes_.create(std::move(name), note);
        write.keys = std::move(keys);
        return write;
    }

private:
    Operations operations_;
    TypeWriter<ContactCredits>& contacts_;
    TypeWriter<Booking>& bookings_;
    TypeWriter<Note>& notes_;
};

} // namespace service
