// libcrossfade: a C++20 driver for Cassandra and what speaks its native protocol (v3, v4, v5).
//
//     auto cluster = crossfade::Cluster::build_new_cluster(
//         crossfade::ClusterOptions{}.contact_points("10.20.30.40").username("u").password("p"));
//     auto session = cluster.connect();
//     auto result_set = session.execute("select release_version from system.local");
//     auto release_version = result_set.first_row().get_column<std::string>("release_version");
//     session.close();
//     cluster.close();
#pragma once

#include "crossfade/async_session.hpp"
#include "crossfade/cluster.hpp"
#include "crossfade/cluster_options.hpp"
#include "crossfade/codec.hpp"
#include "crossfade/data_type.hpp"
#include "crossfade/error.hpp"
#include "crossfade/event_loop.hpp"
#include "crossfade/listener.hpp"
#include "crossfade/log.hpp"
#include "crossfade/mapping.hpp"
#include "crossfade/metadata.hpp"
#include "crossfade/policies.hpp"
#include "crossfade/result_set.hpp"
#include "crossfade/session.hpp"
#include "crossfade/settings.hpp"
#include "crossfade/statement.hpp"
#include "crossfade/task.hpp"
#include "crossfade/values.hpp"
