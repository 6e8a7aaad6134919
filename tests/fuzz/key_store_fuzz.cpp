// Key stores, JKS and PKCS#12, with the password "x" and without their proof. Input: a choice (0 as it is, 1 a JKS
// whose digest is made right, so that what is behind it is reached), the bytes.
#include <openssl/sha.h>

#include "bundle/key_stores.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

// The store with the digest that its bytes and the password "x" have.
base::Bytes with_digest(base::ByteView store) {
    base::Bytes bytes(store.begin(), store.end());
    base::Bytes proven{0, 'x'};
    base::append(proven, base::bytes_of("Mighty Aphrodite"));
    base::append(proven, store);
    base::Bytes digest(20);
    SHA1(proven.data(), proven.size(), digest.data());
    base::append(bytes, digest);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const bool is_proven = input.choice(2) == 1;
    const base::Bytes store =
        is_proven ? with_digest(input.rest()) : base::Bytes(input.rest().begin(), input.rest().end());
    const base::Secret<std::string> password("x");
    const auto identity = bundle::read_identity_store("fuzz", store, password);
    if (identity) CROSSFADE_REQUIRE(!identity->certificates.empty() && !identity->key.reveal().empty());
    const auto trusted = bundle::read_trust_store("fuzz", store, password);
    if (trusted) CROSSFADE_REQUIRE(!trusted->empty());
    return 0;
}
