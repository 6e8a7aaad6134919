// Native functions of CQL that decide what may be done with a statement.
#pragma once

#include <string_view>

namespace crossfade::cql {

// Whether its value is another on each cluster, or at each call: now(), uuid(), current…(), random_float_vector().
// `name` as written, any case (TimeFcts, UuidFcts and VectorFcts of Cassandra 3.11 to 5.0).
bool is_time_or_chance(std::string_view name);

}  // namespace crossfade::cql
