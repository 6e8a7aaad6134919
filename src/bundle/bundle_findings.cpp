#include "bundle/bundle_findings.hpp"

#include "bundle/certificate_facts.hpp"
#include "bundle/key_stores.hpp"

namespace crossfade::bundle {
namespace {

std::string days_text(std::int64_t days) {
    return std::to_string(days) + (days == 1 ? " day" : " days");
}

class Examination {
public:
    Examination(const Bundle& bundle, const std::vector<ZipEntry>& files, std::chrono::sys_seconds now)
        : bundle_(bundle), files_(files), now_(now) {}

    std::vector<BundleFinding> run() {
        look_at_dates(file_name::authority, bundle_.authority);
        look_at_dates(file_name::certificate, bundle_.certificate);
        look_at_fit();
        look_at_identity(file_name::identity, bundle_.key_store_password, "keyStorePassword", "Java drivers");
        look_at_identity(file_name::pfx, bundle_.pfx_password, "pfxCertPassword", "the C# driver");
        look_at_trust();
        return std::move(findings_);
    }

private:
    void problem(std::string text) { findings_.push_back({true, std::move(text)}); }
    void warning(std::string text) { findings_.push_back({false, std::move(text)}); }

    void look_at_dates(const std::string& name, const std::string& pem) {
        const auto facts = read_certificate_facts(name, pem);
        if (!facts) return problem(facts.error().message);
        const std::int64_t left = days_left(*facts, now_);
        if (facts->not_after < now_)
            problem(name + ": ended " + days_text(-left) + " ago; download the bundle again");
        else if (facts->not_before > now_)
            problem(name + ": is not valid yet; look at the clock of this machine");
        else if (now_ + warn_before_end > facts->not_after)
            warning(name + ": ends in " + days_text(left) + "; download the bundle again before that");
    }

    void look_at_fit() {
        const auto is_own = belongs_to(file_name::key, bundle_.key, bundle_.certificate);
        if (is_own && !*is_own) problem("key: does not belong to cert; download the bundle again");
        const auto is_signed = is_signed_by(file_name::certificate, bundle_.certificate, bundle_.authority);
        if (is_signed && !*is_signed)
            problem("cert: was not signed by ca.crt; these are parts of two bundles, download it again");
    }

    void look_at_identity(const char* name, const base::Secret<std::string>& password, const std::string& key,
                          const std::string& who) {
        const ZipEntry* const file = find_file(files_, name);
        if (file == nullptr) return warning(std::string(name) + ": is not there; " + who + " cannot open this bundle");
        const auto identity = read_identity_store(name, file->content, password);
        if (!identity) return problem(identity.error().message + "; " + who + " would open it with " + key);
        const auto is_same = is_same_certificate(name, identity->certificates, bundle_.certificate);
        if (is_same && !*is_same) problem(std::string(name) + ": has another certificate than cert");
    }

    void look_at_trust() {
        const ZipEntry* const file = find_file(files_, file_name::trust);
        if (file == nullptr) return warning("trustStore.jks: is not there; Java drivers cannot open this bundle");
        const auto trusted = read_trust_store(file_name::trust, file->content, bundle_.trust_store_password);
        if (!trusted) return problem(trusted.error().message + "; Java drivers would open it with trustStorePassword");
        const auto is_same = is_same_certificate(file_name::trust, *trusted, bundle_.authority);
        if (is_same && !*is_same) problem("trustStore.jks: trusts another certificate than ca.crt");
    }

    const Bundle& bundle_;
    const std::vector<ZipEntry>& files_;
    const std::chrono::sys_seconds now_;
    std::vector<BundleFinding> findings_;
};

}  // namespace

std::vector<BundleFinding> examine(const Bundle& bundle, const std::vector<ZipEntry>& files,
                                   std::chrono::sys_seconds now) {
    return Examination(bundle, files, now).run();
}

}  // namespace crossfade::bundle
