#include "gateway/sealing.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::size_t salt_size = 16, nonce_size = 12, tag_size = 16, head_size = salt_size + nonce_size + tag_size;
using Key = std::array<unsigned char, 32>;

template <auto release>
struct Released {
    template <class T>
    void operator()(T* one) const {
        release(one);
    }
};
using CipherHandle = std::unique_ptr<EVP_CIPHER_CTX, Released<EVP_CIPHER_CTX_free>>;

[[noreturn]] void broken(const char* what) {
    std::fprintf(stderr, "crossfade: OpenSSL cannot %s\n", what);
    std::abort();
}

void fill_random(unsigned char* into, std::size_t size) {
    if (RAND_priv_bytes(into, static_cast<int>(size)) != 1) broken("make random numbers");
}

std::string hex_of(const unsigned char* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 15U];
    }
    return text;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::vector<unsigned char>> bytes_of_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<unsigned char> bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return bytes;
}

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Key key_of(std::string_view secret, const unsigned char* salt) {
    EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    EVP_KDF_CTX* const context = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    std::string digest = "SHA256", info = "crossfade gateway role";
    const std::array<OSSL_PARAM, 5> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(secret.data()), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<unsigned char*>(salt), salt_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
    Key key{};
    const int derived = EVP_KDF_derive(context, key.data(), key.size(), parameters.data());
    EVP_KDF_CTX_free(context);
    if (derived != 1) broken("derive a key (HKDF-SHA256)");
    return key;
}

}  // namespace

std::string random_hex(std::size_t bytes) {
    std::vector<unsigned char> random(bytes);
    fill_random(random.data(), bytes);
    return hex_of(random.data(), bytes);
}

std::string fingerprint(std::string_view secret) {
    const std::string labelled = "crossfade gateway token:" + std::string(secret);
    std::array<unsigned char, 32> digest{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, labelled.data(), labelled.size(), digest.data(), &size) != 1)
        broken("digest (SHA-256)");
    return hex_of(digest.data(), digest.size());
}

std::string seal(std::string_view secret, std::string_view bound_to, std::string_view plain) {
    std::vector<unsigned char> sealed(head_size + plain.size());
    fill_random(sealed.data(), salt_size + nonce_size);
    Key key = key_of(secret, sealed.data());
    const CipherHandle cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    const bool is_sealed =
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data() + salt_size) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &size, raw(bound_to), static_cast<int>(bound_to.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), sealed.data() + head_size, &size, raw(plain), static_cast<int>(plain.size())) ==
            1 &&
        EVP_EncryptFinal_ex(cipher.get(), sealed.data() + sealed.size(), &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, sealed.data() + salt_size + nonce_size) == 1;
    OPENSSL_cleanse(key.data(), key.size());
    if (!is_sealed) broken("encrypt (AES-256-GCM)");
    return hex_of(sealed.data(), sealed.size());
}

std::optional<base::Secret<std::string>> unseal(std::string_view secret, std::string_view bound_to,
                                                std::string_view sealed) {
    auto bytes = bytes_of_hex(sealed);
    if (!bytes || bytes->size() < head_size) return std::nullopt;
    Key key = key_of(secret, bytes->data());
    const CipherHandle cipher(EVP_CIPHER_CTX_new());
    std::string plain(bytes->size() - head_size, '\0');
    std::array<unsigned char, 16> rest{};
    int size = 0;
    const bool is_open =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes->data() + salt_size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, bytes->data() + salt_size + nonce_size) ==
            1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &size, raw(bound_to), static_cast<int>(bound_to.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                          bytes->data() + head_size, static_cast<int>(plain.size())) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), rest.data(), &size) == 1;
    OPENSSL_cleanse(key.data(), key.size());
    if (!is_open) return std::nullopt;
    return base::Secret<std::string>(std::move(plain));
}

}  // namespace crossfade::gateway
