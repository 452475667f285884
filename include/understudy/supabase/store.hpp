#pragma once

#include <understudy/postgres/store.hpp>
#include <understudy/supabase/config.hpp>

namespace understudy::supabase {

/// A replica in a table of a Supabase project; make its pool from `Config::database`. The tables have row level
/// security on and no policies: the connection string's role owns them, Supabase's public interface sees nothing.
template<postgres::Mirrored R>
using Store = postgres::Store<R>;

} // namespace understudy::supabase
