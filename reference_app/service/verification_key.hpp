#pragma once

#include <boost/json/object.hpp>

#include <cjose/jwk.h>

#include <memory>
#include <optional>
#include <string_view>

namespace service {

/// A key, and the one algorithm that it verifies: a public key is never taken for a shared secret.
struct VerificationKey {
    /// As RFC 7518 names it: `HS256`, `RS256` or `ES256`.
    std::string_view algorithm;
    std::shared_ptr<const cjose_jwk_t> key;
};

/// For HS256. The secret is taken as it is, byte by byte, as Supabase Auth does.
VerificationKey key_of_secret(std::string_view secret);

/// Of a JSON Web Key (RFC 7517): RSA of 2048 bits or more for RS256, P-256 for ES256. Nothing for any other, and for
/// one that says it is not for verifying signatures. Only what is public of it is read.
std::optional<VerificationKey> key_of_jwk(const boost::json::object& jwk);

} // namespace service
