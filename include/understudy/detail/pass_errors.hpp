#pragma once

#include <understudy/pass_report.hpp>
#include <understudy/record_json.hpp>

#include <cstddef>
#include <utility>

namespace understudy::detail {

// Counts a record that could not be brought up to date.
template<Record R>
void note_failure(PassReport& report, const key_t<R>& key, boost::system::error_code error, std::size_t most) {
    ++report.failed;
    if (report.errors.size() < most)
        report.errors.push_back({key_to_text<R>(key), error});
}

} // namespace understudy::detail
