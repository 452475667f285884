#pragma once

#include <cstdint>
#include <string_view>

namespace service {

/// Whom a path is for, and so in which form it tells of errors.
enum class Audience : std::uint8_t { students, admins };

constexpr Audience audience_of(std::string_view path) noexcept {
    return path.starts_with("/api/admin/") ? Audience::admins : Audience::students;
}

/// What a caller must show before an endpoint does anything.
enum class Access : std::uint8_t {
    anyone,
    /// The shared secret of whoever runs the timed jobs.
    cron,
    // An access token with this permission.
    bookings_batch_cancel,
    bookings_cancel,
    bookings_create,
    contacts_tokens,
    exams_create,
    exams_delete,
    exams_edit,
};

/// The permission as access tokens name it; empty where none is asked for.
constexpr std::string_view permission_of(Access access) noexcept {
    switch (access) {
    case Access::anyone:
    case Access::cron:
        return {};
    case Access::bookings_batch_cancel:
        return "bookings.batch_cancel";
    case Access::bookings_cancel:
        return "bookings.cancel";
    case Access::bookings_create:
        return "bookings.create";
    case Access::contacts_tokens:
        return "contacts.tokens";
    case Access::exams_create:
        return "exams.create";
    case Access::exams_delete:
        return "exams.delete";
    case Access::exams_edit:
        return "exams.edit";
    }
    return {};
}

} // namespace service
