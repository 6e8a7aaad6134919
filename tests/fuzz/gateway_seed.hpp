// The names under which the fuzzed gateway serves: its host, and its one node.
#pragma once

#include "nodes/topology.hpp"

namespace crossfade::fuzz {

constexpr const char* gateway_host = "db.example.com";
constexpr nodes::Uuid gateway_host_id{0x0A, 0x1B, 0x2C, 0x3D, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1};

}  // namespace crossfade::fuzz
