#pragma once

#include "admin_params.hpp"
#include "key_set.hpp"

#include <understudy/http/client.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace service {

/// Fetches the keys of a Supabase project from where it publishes them (source: supabase.com/docs/guides/auth/jwts).
/// Nothing where none is named. Throws as `understudy::http::Client` does.
inline KeySet::Fetch fetch_keys_from(boost::asio::any_io_executor executor, const AdminParams& params) {
    if (params.supabase_url.empty())
        return {};
    understudy::http::Params server;
    server.origin = params.supabase_url;
    server.ca_file = params.ca_file;
    server.max_connections = 1;
    server.max_body = 256 * 1024;
    return
        [client = understudy::http::Client{std::move(executor), std::move(server)}](KeySet::Fetched fetched) mutable {
            constexpr std::chrono::milliseconds timeout{5'000};
            understudy::http::Request request;
            request.target = "/auth/v1/.well-known/jwks.json";
            request.headers.push_back({"Accept", "application/json"});
            client.async_request(
                std::move(request), timeout,
                [fetched = std::move(fetched)](boost::system::error_code error, understudy::http::Answer answer) {
                    KeySet::Document document;
                    if (error)
                        document.failure = error.message();
                    else if (answer.status != 200)
                        document.failure = "status " + std::to_string(answer.status);
                    else
                        document.text = std::move(answer.body);
                    fetched(std::move(document));
                });
        };
}

} // namespace service
