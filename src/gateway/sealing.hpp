// What a secret of 256 random bits can protect: text that only who has the secret can read, and a name to find it by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace crossfade::gateway {

// `bytes` random bytes as hexadecimal text. Ends the program when the system has no randomness.
std::string random_hex(std::size_t bytes);

// SHA-256 of the secret under a label of its own, hexadecimal: tells nothing about a secret that cannot be guessed.
std::string fingerprint(std::string_view secret);

// `plain` under AES-256-GCM with a key that HKDF-SHA256 makes of `secret` and a random salt; `bound_to` is not in it,
// but opening takes the same. Hexadecimal text: salt (16 bytes), nonce (12), tag (16), cipher text.
std::string seal(std::string_view secret, std::string_view bound_to, std::string_view plain);
// Nothing when the secret is another one, or a bit of `sealed` or `bound_to` differs.
std::optional<base::Secret<std::string>> unseal(std::string_view secret, std::string_view bound_to,
                                                std::string_view sealed);

}  // namespace crossfade::gateway
