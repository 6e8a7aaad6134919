#include "bundle/random_password.hpp"

#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

namespace crossfade::bundle {

base::Secret<std::string> random_password() {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::size_t length = 24;
    constexpr unsigned char unbiased = 256 / letters.size() * letters.size();
    std::string password;
    while (password.size() < length) {
        unsigned char byte = 0;
        if (RAND_priv_bytes(&byte, 1) != 1) {
            std::fputs("crossfade: the system gives no random numbers; a password cannot be made\n", stderr);
            std::abort();
        }
        if (byte < unbiased) password += letters[byte % letters.size()];
    }
    return base::Secret<std::string>(std::move(password));
}

}  // namespace crossfade::bundle
