#pragma once

namespace understudy::detail {

// Whether a store may answer with what it remembers instead of what is true now: a cache, or a decorator around one.
template<class Store>
constexpr bool is_cache() {
    if constexpr (requires { Store::is_cache; })
        return Store::is_cache;
    else
        return false;
}

} // namespace understudy::detail
