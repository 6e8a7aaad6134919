// Passwords for machines.
#pragma once

#include <string>

#include "base/secret.hpp"

namespace crossfade::bundle {

// 24 letters and digits, 142 bits of OpenSSL's generator. Ends the program when that has no randomness: a password
// that could be guessed is worse.
base::Secret<std::string> random_password();

}  // namespace crossfade::bundle
