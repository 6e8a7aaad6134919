// Changing request frames that are encoded already. Pure.
#pragma once

#include "base/bytes.hpp"
#include "cql/protocol.hpp"

namespace crossfade::driver {

// In an EXECUTE or BATCH frame that we wrote, puts `id` where `old_id` is, and, in an EXECUTE that
// carries one, `result_metadata_id` in place of its own. Lengths follow. Frames of other kinds stay as they are.
void replace_prepared_id(base::Bytes& frame, cql::ProtocolVersion version, base::ByteView old_id, base::ByteView id,
                         base::ByteView result_metadata_id);

}  // namespace crossfade::driver
