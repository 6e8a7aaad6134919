#include "bundle/jks.hpp"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>

#include "bundle/openssl_handles.hpp"
#include "bundle/pem.hpp"

namespace crossfade::bundle {
namespace {

constexpr std::uint32_t magic = 0xFEEDFEED;
constexpr std::size_t digest_size = 20;
constexpr std::string_view whitener = "Mighty Aphrodite";
constexpr std::uint32_t identity_tag = 1, trust_tag = 2;
constexpr std::uint32_t most_entries = 1000, most_certificates = 50;
constexpr std::string_view certificate_kind = "X.509";
constexpr std::string_view sealing = "1.3.6.1.4.1.42.2.17.1.1";  // Sun's own, from before PBES

using Digest = std::array<std::uint8_t, digest_size>;
using SealHandle = std::unique_ptr<X509_SIG, Released<X509_SIG_free>>;

Digest sha1(std::initializer_list<base::ByteView> parts) {
    Digest digest{};
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha1(), nullptr);
    for (const base::ByteView part : parts) EVP_DigestUpdate(context, part.data(), part.size());
    EVP_DigestFinal_ex(context, digest.data(), nullptr);
    EVP_MD_CTX_free(context);
    return digest;
}

// Each byte as a char of Java: our passwords are ASCII.
base::Bytes utf16(const base::Secret<std::string>& password) {
    base::Bytes bytes;
    for (const char c : password.reveal()) {
        bytes.push_back(0);
        bytes.push_back(static_cast<std::uint8_t>(c));
    }
    return bytes;
}

Digest trailer(base::ByteView store, const base::Secret<std::string>& password) {
    return sha1({utf16(password), base::bytes_of(whitener), store});
}

bool same(base::ByteView a, base::ByteView b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Java's DataInput. Past the end every read fails and says so once.
class Input {
public:
    explicit Input(base::ByteView bytes) : bytes_(bytes) {}
    std::uint32_t number(std::size_t size) {
        std::uint32_t value = 0;
        for (const std::uint8_t byte : take(size)) value = (value << 8U) | byte;
        return value;
    }
    base::ByteView take(std::size_t size) {
        if (size > bytes_.size()) {
            is_short_ = true;
            bytes_ = {};
            return {};
        }
        const base::ByteView taken = bytes_.first(size);
        bytes_ = bytes_.subspan(size);
        return taken;
    }
    std::string text() { return std::string(base::text_of(take(number(2)))); }
    base::Bytes block() {
        const base::ByteView bytes = take(number(4));
        return {bytes.begin(), bytes.end()};
    }
    bool is_short() const { return is_short_; }
    bool is_empty() const { return bytes_.empty(); }

private:
    base::ByteView bytes_;
    bool is_short_ = false;
};

// A certificate; of another kind than X.509: nothing.
std::optional<base::Bytes> read_certificate(Input& in, std::uint32_t version) {
    if (version == 2 && in.text() != certificate_kind) return std::nullopt;
    return in.block();
}

// Why it is broken; null when it is not.
const char* read_entry(Input& in, std::uint32_t version, JksStore& store) {
    const std::uint32_t tag = in.number(4);
    std::string alias = in.text();
    in.take(8);  // when it was made
    if (tag == trust_tag) {
        auto certificate = read_certificate(in, version);
        if (!certificate) return "it has a certificate that is not X.509";
        store.trusted.push_back({std::move(alias), std::move(*certificate)});
        return nullptr;
    }
    if (tag != identity_tag) return in.is_short() ? nullptr : "it has an entry of an unknown kind";
    JksIdentity identity{std::move(alias), in.block(), {}};
    const std::uint32_t count = in.number(4);
    if (count > most_certificates) return "it has too many certificates";
    for (std::uint32_t i = 0; i < count && !in.is_short(); ++i) {
        auto certificate = read_certificate(in, version);
        if (!certificate) return "it has a certificate that is not X.509";
        identity.certificates.push_back(std::move(*certificate));
    }
    store.identities.push_back(std::move(identity));
    return nullptr;
}

void append_number(base::Bytes& out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8U * i)));
}

void append_text(base::Bytes& out, std::string_view text) {
    append_number(out, text.size(), 2);
    base::append(out, base::bytes_of(text));
}

}  // namespace

bool is_jks(base::ByteView bytes) {
    return Input(bytes).number(4) == magic;
}

base::Result<JksStore> read_jks(const std::string& where, base::ByteView bytes,
                                const base::Secret<std::string>& password) {
    const auto wrong = [&](const std::string& why) {
        return base::fail(base::ErrorKind::bad_input, where + ": " + why);
    };
    if (!is_jks(bytes)) return wrong("it is no JKS key store");
    if (bytes.size() < digest_size) return wrong("it is cut off");
    const base::ByteView body = bytes.first(bytes.size() - digest_size);
    Input in(body.subspan(std::min<std::size_t>(4, body.size())));
    const std::uint32_t version = in.number(4);
    if (version != 1 && version != 2) return wrong("it is no JKS key store of version 1 or 2");
    const std::uint32_t count = in.number(4);
    if (count > most_entries) return wrong("it has more than " + std::to_string(most_entries) + " entries");
    JksStore store;
    for (std::uint32_t i = 0; i < count && !in.is_short(); ++i)
        if (const char* const why = read_entry(in, version, store)) return wrong(why);
    if (in.is_short() || !in.is_empty()) return wrong("it is cut off, or has more in it than it says");
    if (!same(trailer(body, password), bytes.subspan(body.size())))
        return wrong("its password is another one, or it was changed");
    return store;
}

base::Bytes write_jks_trust(const std::vector<JksTrust>& trusted, const base::Secret<std::string>& password,
                            std::int64_t now) {
    base::Bytes out;
    append_number(out, magic, 4);
    append_number(out, 2, 4);
    append_number(out, trusted.size(), 4);
    for (const JksTrust& one : trusted) {
        append_number(out, trust_tag, 4);
        append_text(out, one.alias);
        append_number(out, static_cast<std::uint64_t>(now) * 1000, 8);
        append_text(out, certificate_kind);
        append_number(out, one.certificate.size(), 4);
        base::append(out, one.certificate);
    }
    base::append(out, trailer(out, password));
    return out;
}

base::Result<base::Secret<std::string>> open_jks_key(const std::string& where, const JksIdentity& identity,
                                                     const base::Secret<std::string>& password) {
    const auto wrong = [&](const std::string& why) {
        return base::fail(base::ErrorKind::bad_input, where + ": the key in it " + why);
    };
    const unsigned char* at = identity.sealed_key.data();
    const SealHandle seal(d2i_X509_SIG(nullptr, &at, static_cast<long>(identity.sealed_key.size())));
    ERR_clear_error();
    if (seal == nullptr) return wrong("is broken");
    const X509_ALGOR* algorithm = nullptr;
    const ASN1_OCTET_STRING* octets = nullptr;
    X509_SIG_get0(seal.get(), &algorithm, &octets);
    std::array<char, 80> name{};
    OBJ_obj2txt(name.data(), static_cast<int>(name.size()), algorithm->algorithm, 1);
    if (name.data() != sealing) return wrong("is sealed by " + std::string(name.data()) + ", which is not known");
    const base::ByteView sealed(ASN1_STRING_get0_data(octets), static_cast<std::size_t>(ASN1_STRING_length(octets)));
    if (sealed.size() < 2 * digest_size) return wrong("is cut off");
    // Salt, the key under a stream of digests, and a digest of the key (sun.security.provider.KeyProtector).
    const base::Bytes secret = utf16(password);
    Digest stream{};
    std::copy_n(sealed.begin(), digest_size, stream.begin());
    base::Bytes key(sealed.begin() + digest_size, sealed.end() - digest_size);
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (i % digest_size == 0) stream = sha1({secret, stream});
        key[i] ^= stream[i % digest_size];
    }
    if (!same(sha1({secret, key}), sealed.last(digest_size))) return wrong("has another password");
    at = key.data();
    const KeyHandle opened(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(key.size())));
    OPENSSL_cleanse(key.data(), key.size());
    ERR_clear_error();
    if (opened == nullptr) return wrong("is of a kind that is not known");
    return to_pem(opened.get());
}

}  // namespace crossfade::bundle
