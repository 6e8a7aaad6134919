// What a session's requests give: nodes/rows.hpp under the driver's name.
#pragma once

#include "nodes/rows.hpp"

namespace crossfade::driver {

using nodes::RowCursor;
using nodes::Rows;

}  // namespace crossfade::driver
