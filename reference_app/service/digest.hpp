#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace service {

/// SHA-256 over the parts, each with its length, in hexadecimal digits: different parts give different texts, however
/// they are cut. Throws `std::runtime_error` if there is no such digest.
std::string digest_of(std::initializer_list<std::string_view> parts);

} // namespace service
