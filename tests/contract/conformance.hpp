#pragma once

#include <understudy/testing/journal_conformance.hpp>
#include <understudy/testing/journal_recovery_conformance.hpp>
#include <understudy/testing/pass_conformance.hpp>
#include <understudy/testing/replica_conformance.hpp>
#include <understudy/testing/set_conformance.hpp>
#include <understudy/testing/settle_conformance.hpp>
#include <understudy/testing/settle_set_conformance.hpp>
#include <understudy/testing/source_conformance.hpp>
#include <understudy/testing/write_conformance.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace tests {

// The names of a suite's cases, as samples of a data test: each case is a test of its own.
template<class Suite>
auto cases_of() {
    std::vector<std::string> names;
    for (const auto& c : Suite::cases())
        names.emplace_back(c.name);
    return boost::unit_test::data::make(std::move(names));
}

// Runs the case of that name on a new fixture.
template<class Suite, class Fixture>
void run_case(const std::string& name) {
    for (const auto& c : Suite::cases())
        if (c.name == name) {
            Fixture fixture;
            try {
                c.run(fixture);
                BOOST_TEST(true);
            } catch (const std::exception& error) {
                BOOST_ERROR(error.what());
            }
        }
}

} // namespace tests
