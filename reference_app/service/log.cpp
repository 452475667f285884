#include "log.hpp"

#include <understudy/date_time.hpp>

#include <boost/json/serialize.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace service {
namespace {

constexpr std::string_view name_of(LogLevel level) {
    switch (level) {
    case LogLevel::debug:
        return "debug";
    case LogLevel::info:
        return "info";
    case LogLevel::warning:
        return "warning";
    case LogLevel::error:
        return "error";
    }
    return "";
}

constexpr spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
    case LogLevel::debug:
        return spdlog::level::debug;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::warning:
        return spdlog::level::warn;
    case LogLevel::error:
        return spdlog::level::err;
    }
    return spdlog::level::err;
}

// What needs no quotes in a text line.
bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '=' && c != '"' && c != '\\';
    });
}

void put_text(std::string& line, LogFormat format, std::string_view text) {
    if (format == LogFormat::text && is_plain(text))
        line += text;
    else
        line += boost::json::serialize(boost::json::string_view{text});
}

void put_value(std::string& line, LogFormat format, const decltype(LogField::value)& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        put_text(line, format, *text);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
        line += *flag ? "true" : "false";
    } else {
        char buffer[32];
        const auto end = std::holds_alternative<double>(value)
                             ? std::to_chars(buffer, buffer + sizeof buffer, std::get<double>(value)).ptr
                             : std::to_chars(buffer, buffer + sizeof buffer, std::get<std::int64_t>(value)).ptr;
        line.append(buffer, end);
    }
}

} // namespace

std::string format_log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view event,
                            LogFields fields) {
    std::string line;
    const auto put = [&](std::string_view name, const decltype(LogField::value)& value) {
        if (format == LogFormat::json) {
            line += line.empty() ? '{' : ',';
            put_text(line, format, name);
            line += ':';
        } else {
            if (!line.empty())
                line += ' ';
            line += name;
            line += '=';
        }
        put_value(line, format, value);
    };
    put("time", time);
    put("level", name_of(level));
    put("event", event);
    for (const auto& field : fields)
        put(field.name, field.value);
    if (format == LogFormat::json)
        line += '}';
    return line;
}

Log::Log(std::shared_ptr<spdlog::logger> logger)
    : logger_{std::move(logger)} {}

Log::Log(LogLevel level, LogFormat format)
    : logger_{std::make_shared<spdlog::logger>("service", std::make_shared<spdlog::sinks::stderr_sink_mt>())}
    , format_{format} {
    logger_->set_level(spdlog_level(level));
    logger_->set_pattern("%v");
}

Log Log::silent() {
    auto logger = std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>());
    logger->set_level(spdlog::level::off);
    return Log{std::move(logger)};
}

bool Log::wants(LogLevel level) const noexcept {
    return logger_->should_log(spdlog_level(level));
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) const {
    if (!wants(level))
        return;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto line = format_log_line(format_, understudy::format_timestamp(now), level, event, fields);
    logger_->log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
}

} // namespace service
