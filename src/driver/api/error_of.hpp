// The library's own errors as those of the public interface.
#pragma once

#include "base/result.hpp"
#include "crossfade/error.hpp"

namespace crossfade::driver {

ErrorCode code_of(base::ErrorKind kind);
Error error_of(const base::Error& error);

}  // namespace crossfade::driver
