#include "bundle/pkcs12.hpp"

#include <openssl/pkcs12.h>

#include <algorithm>

#include "bundle/openssl_handles.hpp"
#include "bundle/pem.hpp"

namespace crossfade::bundle {
namespace {

constexpr int iterations = 2048;
constexpr long most_iterations = 1'000'000;  // of all parts together; JDK 17 takes 10,000 for each, OpenSSL 2,048
constexpr const char* alias = "cert";

void release_bags(STACK_OF(PKCS12_SAFEBAG) * bags) {
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
void release_safes(STACK_OF(PKCS7) * safes) {
    sk_PKCS7_pop_free(safes, PKCS7_free);
}
void release_chain(STACK_OF(X509) * chain) {
    sk_X509_free(chain);  // its certificates are somebody else's
}
using Bags = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), Released<release_bags>>;
using Safes = std::unique_ptr<STACK_OF(PKCS7), Released<release_safes>>;
using Chain = std::unique_ptr<STACK_OF(X509), Released<release_chain>>;
using PlainKeyHandle = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Released<PKCS8_PRIV_KEY_INFO_free>>;

constexpr long unknown_count = most_iterations + 1;

long count_of(const ASN1_INTEGER* count) {
    const long value = count == nullptr ? 1 : ASN1_INTEGER_get(count);
    return value > 0 && value <= most_iterations ? value : unknown_count;
}

// How many iterations decrypting by it takes.
long count_of(const X509_ALGOR* algorithm) {
    const ASN1_OBJECT* kind = nullptr;
    int type = 0;
    const void* parameter = nullptr;
    X509_ALGOR_get0(&kind, &type, &parameter, algorithm);
    if (type != V_ASN1_SEQUENCE) return unknown_count;
    const auto* const sequence = static_cast<const ASN1_STRING*>(parameter);
    if (OBJ_obj2nid(kind) != NID_pbes2) {
        const std::unique_ptr<PBEPARAM, Released<PBEPARAM_free>> found(
            static_cast<PBEPARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBEPARAM))));
        return found == nullptr ? unknown_count : count_of(found->iter);
    }
    const std::unique_ptr<PBE2PARAM, Released<PBE2PARAM_free>> outer(
        static_cast<PBE2PARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBE2PARAM))));
    if (outer == nullptr || OBJ_obj2nid(outer->keyfunc->algorithm) != NID_id_pbkdf2) return unknown_count;
    const ASN1_TYPE* const inner = outer->keyfunc->parameter;
    if (inner == nullptr || inner->type != V_ASN1_SEQUENCE) return unknown_count;
    const std::unique_ptr<PBKDF2PARAM, Released<PBKDF2PARAM_free>> found(
        static_cast<PBKDF2PARAM*>(ASN1_item_unpack(inner->value.sequence, ASN1_ITEM_rptr(PBKDF2PARAM))));
    return found == nullptr ? unknown_count : count_of(found->iter);
}

// What one store has, while it is opened.
class Opening {
public:
    Opening(std::string where, std::string password) : where_(std::move(where)), password_(std::move(password)) {}

    base::Result<void> open(base::ByteView bytes) {
        ERR_clear_error();
        const unsigned char* at = bytes.data();
        const Pkcs12Handle store(d2i_PKCS12(nullptr, &at, static_cast<long>(bytes.size())));
        if (store == nullptr) return wrong("it is no PKCS#12 key store (" + openssl_reason() + ")");
        const ASN1_INTEGER* count = nullptr;
        PKCS12_get0_mac(nullptr, nullptr, nullptr, &count, store.get());
        if (PKCS12_mac_present(store.get()) != 1) return wrong("it has no proof of its password");
        if (!spend(count_of(count))) return wrong("its iteration count is out of bounds");
        if (PKCS12_verify_mac(store.get(), password_.c_str(), static_cast<int>(password_.size())) != 1) {
            ERR_clear_error();
            return wrong("its password is another one, or it was changed");
        }
        const Safes safes(PKCS12_unpack_authsafes(store.get()));
        for (int i = 0; safes != nullptr && i < sk_PKCS7_num(safes.get()); ++i)
            if (auto taken = take_safe(sk_PKCS7_value(safes.get(), i)); !taken) return taken;
        return {};
    }

    // After open().
    base::Result<Identity> identity() {
        ERR_clear_error();
        if (key_ == nullptr) return wrong("it has no key");
        const auto own = std::find_if(certificates_.begin(), certificates_.end(), [this](const auto& certificate) {
            return X509_check_private_key(certificate.get(), key_.get()) == 1;
        });
        ERR_clear_error();
        if (own == certificates_.end()) return wrong("it has no certificate that belongs to its key");
        std::rotate(certificates_.begin(), own, own + 1);
        return Identity{pem_of_certificates(), to_pem(key_.get())};
    }
    std::string pem_of_certificates() const {
        std::string pem;
        for (const CertificateHandle& certificate : certificates_) pem += to_pem(certificate.get());
        return pem;
    }

private:
    tl::unexpected<base::Error> wrong(const std::string& why) const {
        return base::fail(base::ErrorKind::bad_input, where_ + ": " + why);
    }

    // Whether that many more iterations end in a reasonable time.
    bool spend(long count) {
        left_ -= count;
        return left_ >= 0;
    }

    base::Result<void> take_safe(PKCS7* safe) {
        const int kind = OBJ_obj2nid(safe->type);
        Bags bags;
        if (kind == NID_pkcs7_data) {
            bags.reset(PKCS12_unpack_p7data(safe));
        } else if (kind == NID_pkcs7_encrypted && safe->d.encrypted != nullptr) {
            if (!spend(count_of(safe->d.encrypted->enc_data->algorithm)))
                return wrong("its encryption is not known, or its iteration count out of bounds");
            bags.reset(PKCS12_unpack_p7encdata(safe, password_.c_str(), static_cast<int>(password_.size())));
        } else {
            return {};
        }
        if (bags == nullptr) return wrong("a part of it cannot be decrypted (" + openssl_reason() + ")");
        for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i)
            if (auto taken = take_bag(sk_PKCS12_SAFEBAG_value(bags.get(), i)); !taken) return taken;
        return {};
    }

    base::Result<void> take_bag(const PKCS12_SAFEBAG* bag) {
        const int kind = PKCS12_SAFEBAG_get_nid(bag);
        if (kind == NID_certBag && PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {
            CertificateHandle certificate(PKCS12_SAFEBAG_get1_cert(bag));
            if (certificate == nullptr) return wrong("a certificate in it is broken");
            certificates_.push_back(std::move(certificate));
        } else if (kind == NID_keyBag && key_ == nullptr) {
            key_.reset(EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag)));
        } else if (kind == NID_pkcs8ShroudedKeyBag && key_ == nullptr) {
            const X509_ALGOR* algorithm = nullptr;
            X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
            if (!spend(count_of(algorithm)))
                return wrong("its encryption is not known, or its iteration count out of bounds");
            const PlainKeyHandle plain(PKCS12_decrypt_skey(bag, password_.c_str(), static_cast<int>(password_.size())));
            if (plain == nullptr) return wrong("its key cannot be decrypted (" + openssl_reason() + ")");
            key_.reset(EVP_PKCS82PKEY(plain.get()));
        }
        return {};
    }

    const std::string where_, password_;
    std::vector<CertificateHandle> certificates_;
    KeyHandle key_;
    long left_ = most_iterations;
};

}  // namespace

base::Result<base::Bytes> write_pkcs12(const std::string& where, const Identity& identity,
                                       const base::Secret<std::string>& password) {
    const auto certificates = read_certificates(where + ": the certificate", identity.certificates);
    if (!certificates) return base::fail(certificates.error());
    const auto key = read_key(where + ": the key", identity.key);
    if (!key) return base::fail(key.error());
    const Chain chain(sk_X509_new_null());
    for (std::size_t i = 1; i < certificates->size(); ++i) sk_X509_push(chain.get(), (*certificates)[i].get());
    // Without a MAC at first: PKCS12_create() would take SHA-256, which JDK 8 before update 301 does not know.
    const Pkcs12Handle store(PKCS12_create(password.reveal().c_str(), alias, key->get(), certificates->front().get(),
                                           chain.get(), NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                                           NID_pbe_WithSHA1And3_Key_TripleDES_CBC, iterations, -1, 0));
    if (store == nullptr ||
        PKCS12_set_mac(store.get(), password.reveal().c_str(), -1, nullptr, 0, iterations, EVP_sha1()) != 1)
        return base::fail(
            base::ErrorKind::bad_input,
            where + ": no key store can be made of the key and its certificate (" + openssl_reason() + ")");
    base::Bytes bytes(static_cast<std::size_t>(std::max(0, i2d_PKCS12(store.get(), nullptr))));
    unsigned char* at = bytes.data();
    i2d_PKCS12(store.get(), &at);
    return bytes;
}

base::Result<Identity> read_pkcs12(const std::string& where, base::ByteView bytes,
                                   const base::Secret<std::string>& password) {
    Opening opening(where, password.reveal());
    if (auto opened = opening.open(bytes); !opened) return base::fail(opened.error());
    return opening.identity();
}

base::Result<std::string> read_pkcs12_certificates(const std::string& where, base::ByteView bytes,
                                                   const base::Secret<std::string>& password) {
    Opening opening(where, password.reveal());
    if (auto opened = opening.open(bytes); !opened) return base::fail(opened.error());
    return opening.pem_of_certificates();
}

}  // namespace crossfade::bundle
