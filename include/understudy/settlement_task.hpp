#pragma once

#include <boost/system/error_code.hpp>

#include <functional>

namespace understudy {

/// A settlement for a journal that has no database in common with the replica: starts the work on the replica, such as
/// an `async_settle`, and calls back with what became of it, exactly once, on the journal's executor.
///
///     SettlementTask task = [replica, settlements](auto done) mutable {
///         replica.async_settle(settlements, [done](error_code error, const auto&) { done(error); });
///     };
///
/// It may be run again, if what it belongs to is tried again.
using SettlementTask = std::function<void(std::function<void(boost::system::error_code)>)>;

} // namespace understudy
