#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace spdlog {
class logger;
}

namespace service {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

/// One thing that is known of an event.
struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    LogField(std::string_view field, std::string_view text)
        : name{field}
        , value{text} {}
    LogField(std::string_view field, const char* text)
        : name{field}
        , value{std::string_view{text}} {}
    LogField(std::string_view field, const std::string& text)
        : name{field}
        , value{std::string_view{text}} {}
    LogField(std::string_view field, bool flag)
        : name{field}
        , value{flag} {}
    LogField(std::string_view field, double number)
        : name{field}
        , value{number} {}
    template<std::integral T>
    LogField(std::string_view field, T number)
        : name{field}
        , value{static_cast<std::int64_t>(number)} {}
};

using LogFields = std::initializer_list<LogField>;

/// The line that a log writes for an event: `time=… level=… event=… name=value …`, or the same as a JSON object.
std::string format_log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view event,
                            LogFields fields);

/// Writes one line an event to standard error. Never give it a body, a token, a password or a whole e-mail address.
class Log {
public:
    Log(LogLevel level, LogFormat format);
    /// A log that writes nothing.
    static Log silent();

    bool wants(LogLevel level) const noexcept;
    void write(LogLevel level, std::string_view event, LogFields fields = {}) const;

    void debug(std::string_view event, LogFields fields = {}) const { write(LogLevel::debug, event, fields); }
    void info(std::string_view event, LogFields fields = {}) const { write(LogLevel::info, event, fields); }
    void warning(std::string_view event, LogFields fields = {}) const { write(LogLevel::warning, event, fields); }
    void error(std::string_view event, LogFields fields = {}) const { write(LogLevel::error, event, fields); }

private:
    explicit Log(std::shared_ptr<spdlog::logger> logger);

    std::shared_ptr<spdlog::logger> logger_;
    LogFormat format_ = LogFormat::text;
};

} // namespace service
