#include <algorithm>

#include "base/durable_file.hpp"
#include "base/json_text.hpp"
#include "bundle/bundle.hpp"
#include "bundle/certificate_facts.hpp"
#include "bundle/key_stores.hpp"
#include "bundle/pem.hpp"
#include "bundle/random_password.hpp"

namespace crossfade::bundle {
namespace {

// The PEM texts in their plain form: no text around them, the key as PKCS#1, which is all that old drivers read.
base::Result<Bundle> normalised(const Bundle& bundle) {
    if (bundle.host.empty() || bundle.port == 0)
        return base::fail(base::ErrorKind::bad_input, "a bundle needs the host and the port of a metadata service");
    const auto authorities = read_certificates("the CA certificate", bundle.authority);
    if (!authorities) return base::fail(authorities.error());
    const auto certificates = read_certificates("the client certificate", bundle.certificate);
    if (!certificates) return base::fail(certificates.error());
    const auto key = read_key("the client key", bundle.key);
    if (!key) return base::fail(key.error());
    if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
        ERR_clear_error();
        return base::fail(base::ErrorKind::bad_input,
                          "the client key does not belong to the client certificate; give the two that were made "
                          "together");
    }
    Bundle plain = bundle;
    plain.authority.clear();
    for (const CertificateHandle& one : *authorities) plain.authority += to_pem(one.get());
    plain.certificate.clear();
    for (const CertificateHandle& one : *certificates) plain.certificate += to_pem(one.get());
    plain.key = to_pem(key->get());
    for (base::Secret<std::string>* const password :
         {&plain.key_store_password, &plain.trust_store_password, &plain.pfx_password})
        if (password->reveal().empty()) *password = random_password();
    return plain;
}

std::string config_json(const Bundle& bundle) {
    base::JsonObject config;
    config.field("host", bundle.host).field("port", bundle.port);
    if (!bundle.keyspace.empty()) config.field("keyspace", bundle.keyspace);
    if (!bundle.local_datacenter.empty()) config.field("localDC", bundle.local_datacenter);
    if (!bundle.username.empty()) config.field("username", bundle.username).field("password", bundle.password.reveal());
    return config.field("caCertLocation", "./ca.crt")
               .field("keyLocation", "./key")
               .field("certLocation", "./cert")
               .field("keyStoreLocation", "./identity.jks")
               .field("keyStorePassword", bundle.key_store_password.reveal())
               .field("trustStoreLocation", "./trustStore.jks")
               .field("trustStorePassword", bundle.trust_store_password.reveal())
               .field("csvLocation", "./data")
               .field("pfxCertPassword", bundle.pfx_password.reveal())
               .text() +
           "\n";
}

ZipEntry entry(const char* name, std::string_view text) {
    return {name, {text.begin(), text.end()}};
}

}  // namespace

std::string cqlshrc_of(const Bundle& bundle, const std::string& folder) {
    return "[connection]\nhostname = " + bundle.host +
           "\nport = " + std::to_string(bundle.cql_port.value_or(bundle.port)) +
           "\nssl = true\n\n[ssl]\nvalidate = true\ncertfile = " + folder + "/ca.crt\nuserkey = " + folder +
           "/key\nusercert = " + folder + "/cert\n";
}

base::Result<std::vector<ZipEntry>> make_bundle_files(const Bundle& given, std::int64_t now) {
    const auto bundle = normalised(given);
    if (!bundle) return base::fail(bundle.error());
    const Identity identity{bundle->certificate, bundle->key};
    auto pfx = write_pkcs12("cert.pfx", identity, bundle->pfx_password);
    if (!pfx) return base::fail(pfx.error());
    auto identity_store = write_pkcs12("identity.jks", identity, bundle->key_store_password);
    if (!identity_store) return base::fail(identity_store.error());
    auto trust_store = write_trust_store("trustStore.jks", bundle->authority, bundle->trust_store_password, now);
    if (!trust_store) return base::fail(trust_store.error());
    return std::vector<ZipEntry>{
        entry(file_name::config, config_json(*bundle)),
        entry(file_name::authority, bundle->authority),
        entry(file_name::certificate, bundle->certificate),
        entry(file_name::key, bundle->key.reveal()),
        {file_name::pfx, std::move(*pfx)},
        {file_name::identity, std::move(*identity_store)},
        {file_name::trust, std::move(*trust_store)},
        entry(file_name::cqlshrc, cqlshrc_of(*bundle, ".")),
    };
}

base::Result<void> write_bundle(const Bundle& bundle, const std::string& path, std::int64_t now) {
    const auto files = make_bundle_files(bundle, now);
    if (!files) return base::fail(files.error());
    const auto archive = write_zip(*files, now);
    if (!archive) return base::fail(archive.error());
    return base::write_durably(path, base::text_of(*archive));
}

}  // namespace crossfade::bundle
