#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace understudy::testing {

/// A store does not do what its concept promises; `what()` says what was expected.
class NonConformance : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One case of a conformance suite, to be run by any test framework: make a fixture, call `run` with it, and let the
/// exception fail the test.
template<class Fixture>
struct ConformanceCase {
    std::string_view name;
    void (*run)(Fixture&);
};

/// Throws `NonConformance` unless `holds`.
inline void expect(bool holds, std::string_view what) {
    if (!holds)
        throw NonConformance{std::string{what}};
}

} // namespace understudy::testing
