#pragma once

#include "type_writer.hpp"

#include <understudy/write_options.hpp>

#include <string>
#include <utility>
#include <vector>

namespace service {

/// Writes through a `WriteThroughSync`. Use it from its executor.
template<class Sync>
class JournaledTypeWriter final : public TypeWriter<typename Sync::record_type> {
    using R = typename Sync::record_type;
    using Base = TypeWriter<R>;

public:
    explicit JournaledTypeWriter(Sync sync)
        : sync_{std::move(sync)} {}

    void update(std::string id, understudy::Patch<R> patch, std::chrono::milliseconds timeout,
                typename Base::UpdateHandler handler) override {
        understudy::WriteOptions options;
        options.timeout = timeout;
        sync_.async_update(std::move(id), std::move(patch), options, std::move(handler));
    }
    void read(std::vector<std::string> ids, const understudy::ReadOptions& options,
              typename Base::ReadHandler handler) override {
        auto on_read = [size = ids.size(), handler = std::move(handler)](understudy::error_code error,
                                                                         std::vector<understudy::Reading<R>> readings) {
            if (!error && readings.size() != size)
                error = understudy::Errc::malformed_answer;
            for (const auto& reading : readings)
                if (!error && reading.failed())
                    error = reading.error ? reading.error : make_error_code(understudy::Errc::unavailable);
            readings.resize(size);
            handler(error, readings);
        };
        sync_.async_read(std::move(ids), options, std::move(on_read));
    }

    std::string lock_of(const std::string& id) const override { return Sync::lock_of(id); }
    understudy::PlannedWrite change(std::string name, const std::string& id, const understudy::Patch<R>& patch,
                                    const std::optional<understudy::Patch<R>>& undo) const override {
        return Sync::update_step(std::move(name), id, patch, undo);
    }
    understudy::PlannedWrite associate(std::string name, const std::string& id, const understudy::Links<R>& links,
                                       const std::optional<understudy::Links<R>>& undo) const override {
        return Sync::associate_step(std::move(name), id, links, undo);
    }
    understudy::PlannedWrite create(std::string name, const R& record) const override {
        return Sync::create_step(std::move(name), record);
    }
    understudy::PlannedWrite archive(std::string name, const std::string& id) const override {
        return Sync::archive_step(std::move(name), id);
    }

private:
    Sync sync_;
};

} // namespace service
