#pragma once

#include "record_writer.hpp"

#include <understudy/operations.hpp>
#include <understudy/write_options.hpp>

#include <string>
#include <utility>
#include <vector>

namespace service {

/// Writes through the `WriteThroughSync`s of contacts and of bookings, which share their operations. Use it from their
/// executor.
template<class Contacts, class Bookings>
class JournaledRecordWriter final : public RecordWriter {
public:
    JournaledRecordWriter(Contacts contacts, Bookings bookings)
        : contacts_{std::move(contacts)}
        , bookings_{std::move(bookings)} {}

    void carry_out(WriteOperation operation, Decide decide, ReportHandler handler) override {
        understudy::OperationRequest request;
        request.id = std::move(operation.id);
        request.kind = std::move(operation.kind);
        request.keys = std::move(operation.locks);
        request.request = std::move(operation.request);
        request.timeout = operation.timeout;
        contacts_.operations().async_carry_out(std::move(request), std::move(decide), std::move(handler));
    }

    void update_contact(std::string id, understudy::Patch<ContactCredits> patch, std::chrono::milliseconds timeout,
                        UpdateHandler handler) override {
        understudy::WriteOptions options;
        options.timeout = timeout;
        contacts_.async_update(std::move(id), std::move(patch), options, std::move(handler));
    }

    void read_contact(std::string id, const understudy::ReadOptions& options, ContactHandler handler) override {
        contacts_.async_read(
            std::vector<std::string>(1, std::move(id)), options,
            complete<ContactCredits>(1, [handler = std::move(handler)](auto error, const auto& readings) {
                handler(error, readings.front());
            }));
    }
    void read_bookings(std::vector<std::string> ids, const understudy::ReadOptions& options,
                       BookingsHandler handler) override {
        const auto size = ids.size();
        bookings_.async_read(std::move(ids), options, complete<Booking>(size, std::move(handler)));
    }

    std::string lock_of_contact(const std::string& id) const override { return Contacts::lock_of(id); }
    std::string lock_of_booking(const std::string& id) const override { return Bookings::lock_of(id); }

    understudy::PlannedWrite
    change_contact(std::string name, const std::string& id, const understudy::Patch<ContactCredits>& patch,
                   const std::optional<understudy::Patch<ContactCredits>>& undo) const override {
        return Contacts::update_step(std::move(name), id, patch, undo);
    }
    understudy::PlannedWrite change_booking(std::string name, const std::string& id,
                                            const understudy::Patch<Booking>& patch,
                                            const std::optional<understudy::Patch<Booking>>& undo) const override {
        return Bookings::update_step(std::move(name), id, patch, undo);
    }
    understudy::PlannedWrite create_booking(std::string name, const Booking& booking) const override {
        return Bookings::create_step(std::move(name), booking);
    }

private:
    // The first failure fails them all.
    template<class R, class Handler>
    static auto complete(std::size_t size, Handler handler) {
        return [size, handler = std::move(handler)](understudy::error_code error,
                                                    std::vector<understudy::Reading<R>> readings) {
            if (!error && readings.size() != size)
                error = understudy::Errc::malformed_answer;
            for (const auto& reading : readings)
                if (!error && reading.failed())
                    error = reading.error ? reading.error : make_error_code(understudy::Errc::unavailable);
            readings.resize(size);
            handler(error, readings);
        };
    }

    Contacts contacts_;
    Bookings bookings_;
};

} // namespace service
