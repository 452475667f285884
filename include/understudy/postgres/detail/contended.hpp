#pragma once

#include <understudy/postgres/error.hpp>

namespace understudy::postgres::detail {

// `Errc::contended` for a statement that lost against another transaction, and so is worth another try.
inline error_code contended_if_lost(const error_code& ec) noexcept {
    return is_sqlstate(ec, "40001") || is_sqlstate(ec, "40P01") ? make_error_code(Errc::contended) : ec;
}

} // namespace understudy::postgres::detail
