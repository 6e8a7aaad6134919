#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "bundle/bundle.hpp"
#include "bundle/certificate_facts.hpp"
#include "bundle/key_stores.hpp"

namespace crossfade::bundle {
namespace {

constexpr std::size_t most_host = 253, most_text = 1000;

tl::unexpected<base::Error> wrong(const std::string& where, const std::string& what) {
    return base::fail(base::ErrorKind::bad_input, where + ": " + what);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

std::optional<std::uint16_t> port_of(const simdjson::dom::element& value) {
    std::int64_t number = 0;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return port_of(text);
    if (value.get(number) != simdjson::SUCCESS || number < 1 || number > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(number);
}

std::string text_at(const simdjson::dom::element& config, const char* name) {
    std::string_view text;
    if (config[name].get(text) != simdjson::SUCCESS) return "";
    return std::string(text.substr(0, most_text));
}

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= most_host &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '/' && c != '"'; });
}

base::Result<void> read_config(const std::string& where, base::ByteView json, Bundle& bundle) {
    simdjson::dom::parser parser;
    simdjson::dom::element config, port;
    const std::string_view text = base::text_of(json);
    // simdjson must not be given the null that an empty file's bytes are.
    if (text.empty() || parser.parse(text.data(), text.size()).get(config) != simdjson::SUCCESS || !config.is_object())
        return wrong(where, "config.json is no JSON object; download the bundle again");
    bundle.host = text_at(config, "host");
    if (!is_host(bundle.host)) return wrong(where, "config.json has no usable 'host'; download the bundle again");
    const auto number = config["port"].get(port) == simdjson::SUCCESS ? port_of(port) : std::nullopt;
    if (!number) return wrong(where, "config.json has no usable 'port'; download the bundle again");
    bundle.port = *number;
    bundle.keyspace = text_at(config, "keyspace");
    bundle.local_datacenter = text_at(config, "localDC");
    bundle.username = text_at(config, "username");
    bundle.password = base::Secret<std::string>(text_at(config, "password"));
    bundle.key_store_password = base::Secret<std::string>(text_at(config, "keyStorePassword"));
    bundle.trust_store_password = base::Secret<std::string>(text_at(config, "trustStorePassword"));
    bundle.pfx_password = base::Secret<std::string>(text_at(config, "pfxCertPassword"));
    return {};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view spaces = " \t\r";
    const std::size_t begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

// The port in the [connection] section of a cqlshrc.
std::optional<std::uint16_t> cql_port_in(std::string_view text) {
    bool is_connection = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('[')) is_connection = line == "[connection]";
        const std::size_t equals = line.find_first_of("=:");
        if (is_connection && equals != std::string_view::npos && trimmed(line.substr(0, equals)) == "port")
            return port_of(trimmed(line.substr(equals + 1)));
    }
    return std::nullopt;
}

std::string text_of_file(const std::vector<ZipEntry>& files, const char* name) {
    const ZipEntry* const file = find_file(files, name);
    return file == nullptr ? "" : std::string(base::text_of(file->content));
}

base::Result<void> take_from_stores(const std::string& where, const std::vector<ZipEntry>& files, Bundle& bundle) {
    const ZipEntry* const identity = find_file(files, file_name::identity);
    if (bundle.certificate.empty() && bundle.key.reveal().empty() && identity != nullptr) {
        auto opened = read_identity_store(where + ": identity.jks", identity->content, bundle.key_store_password);
        if (!opened) return base::fail(opened.error());
        bundle.certificate = std::move(opened->certificates);
        bundle.key = std::move(opened->key);
    }
    const ZipEntry* const trust = find_file(files, file_name::trust);
    if (bundle.authority.empty() && trust != nullptr) {
        auto opened = read_trust_store(where + ": trustStore.jks", trust->content, bundle.trust_store_password);
        if (!opened) return base::fail(opened.error());
        bundle.authority = std::move(*opened);
    }
    return {};
}

base::Result<void> check_pem(const std::string& where, const Bundle& bundle) {
    const auto missing = [&](const char* name) {
        return wrong(where, std::string("no ") + name + " in it; download the bundle again");
    };
    if (bundle.authority.empty()) return missing(file_name::authority);
    if (bundle.certificate.empty()) return missing(file_name::certificate);
    if (bundle.key.reveal().empty()) return missing(file_name::key);
    if (auto facts = read_certificate_facts(where + ": ca.crt", bundle.authority); !facts)
        return base::fail(facts.error());
    if (auto facts = read_certificate_facts(where + ": cert", bundle.certificate); !facts)
        return base::fail(facts.error());
    if (auto fits = belongs_to(where + ": key", bundle.key, bundle.certificate); !fits) return base::fail(fits.error());
    return {};
}

}  // namespace

const ZipEntry* find_file(const std::vector<ZipEntry>& files, std::string_view name) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const ZipEntry& one) { return one.name == name; });
    return found == files.end() ? nullptr : &*found;
}

base::Result<Bundle> read_bundle(const std::string& where, const std::vector<ZipEntry>& files) {
    const ZipEntry* const config = find_file(files, file_name::config);
    if (config == nullptr) return wrong(where, "no config.json in it; download the bundle again");
    Bundle bundle;
    if (auto read = read_config(where, config->content, bundle); !read) return base::fail(read.error());
    bundle.authority = text_of_file(files, file_name::authority);
    bundle.certificate = text_of_file(files, file_name::certificate);
    bundle.key = base::Secret<std::string>(text_of_file(files, file_name::key));
    if (auto taken = take_from_stores(where, files, bundle); !taken) return base::fail(taken.error());
    if (auto checked = check_pem(where, bundle); !checked) return base::fail(checked.error());
    bundle.cql_port = cql_port_in(text_of_file(files, file_name::cqlshrc));
    return bundle;
}

base::Result<Bundle> read_bundle(const std::string& path) {
    const auto bytes = read_file(path, ZipLimits{}.largest_archive);
    if (!bytes) return base::fail(bytes.error());
    const auto files = read_zip(path, *bytes);
    if (!files) return base::fail(files.error());
    return read_bundle(path, *files);
}

}  // namespace crossfade::bundle
