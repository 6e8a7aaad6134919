// Writes the seeds of the client_hello, client_login and gateway_files targets. Usage: make_gateway_corpus DIRECTORY
// (tests/fuzz/corpus). Random numbers and tokens are new in each run.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bundle_seed.hpp"
#include "cql/request.hpp"
#include "gateway/identity.hpp"
#include "gateway/tokens.hpp"
#include "gateway_seed.hpp"
#include "net/tls_engine.hpp"

using namespace crossfade;

namespace {

class Corpus {
public:
    explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}

    void add(const char* target, const std::string& name, std::string_view choices, base::ByteView content) {
        std::filesystem::create_directories(root_ / target);
        std::ofstream file(root_ / target / name, std::ios::binary);
        file << choices << base::text_of(content);
        if (file) return;
        std::cerr << "cannot write " << (root_ / target / name) << "\n";
        std::exit(1);
    }

private:
    const std::filesystem::path root_;
};

constexpr std::string_view at_once("\xFF", 1), byte_by_byte("\0", 1);

// --- ClientHello

base::Bytes client_hello(const std::string& server_name) {
    net::TlsOptions options;
    options.verify_peer = false;
    net::TlsEngine engine(fuzz::value_of(net::make_client_tls(options)), server_name, "");
    base::Bytes wire;
    base::ByteView nothing;
    if (const auto begun = engine.handshake(nothing, wire); !begun) {
        std::cerr << begun.error().message << "\n";
        std::exit(1);
    }
    return wire;
}

// The same handshake message in two records (RFC 8446, section 5.1).
base::Bytes in_two_records(const base::Bytes& hello) {
    constexpr std::size_t header = 5, first = 7;
    const auto record = [&](base::Bytes& out, base::ByteView part) {
        out.insert(out.end(), {hello[0], hello[1], hello[2], static_cast<std::uint8_t>(part.size() >> 8U),
                               static_cast<std::uint8_t>(part.size())});
        base::append(out, part);
    };
    base::Bytes out;
    const base::ByteView message = base::ByteView(hello).subspan(header);
    record(out, message.first(first));
    record(out, message.subspan(first));
    return out;
}

void add_client_hellos(Corpus& corpus) {
    const std::string node = nodes::to_text(fuzz::gateway_host_id);
    const auto add = [&](const char* name, const base::Bytes& bytes) {
        corpus.add("client_hello", name, at_once, bytes);
    };
    const base::Bytes good = client_hello(node);
    add("node", good);
    corpus.add("client_hello", "node_byte_by_byte", byte_by_byte, good);
    add("host", client_hello(fuzz::gateway_host));
    add("no_name", client_hello(""));
    add("stranger", client_hello("other.example.org"));
    add("in_two_records", in_two_records(good));
    add("cut_off", base::Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2)));
    // The name's bytes, and its length in front of them (RFC 6066, section 3).
    const auto at = std::search(good.begin(), good.end(), node.begin(), node.end()) - good.begin();
    const auto changed = [&](std::ptrdiff_t where, std::uint8_t value) {
        base::Bytes bytes = good;
        bytes[static_cast<std::size_t>(at + where)] = value;
        return bytes;
    };
    add("zero_in_name", changed(8, 0));
    add("name_too_long", changed(-1, static_cast<std::uint8_t>(node.size() + 1)));
    add("name_too_short", changed(-1, static_cast<std::uint8_t>(node.size() - 1)));
    add("another_kind_of_name", changed(-3, 7));
    const base::ByteView http = base::bytes_of("GET /metadata HTTP/1.1\r\nHost: x\r\n\r\n");
    add("http", {http.begin(), http.end()});
    base::Bytes cql;
    cql::append_options(cql, cql::ProtocolVersion::v4, 0);
    add("cql", cql);
}

// --- login

using Options = std::vector<std::pair<std::string, std::string>>;

base::Bytes login(cql::ProtocolVersion version, std::string_view token, const Options& more = {}) {
    Options options{{"CQL_VERSION", "3.0.0"}};
    options.insert(options.end(), more.begin(), more.end());
    base::Bytes bytes, response;
    cql::append_options(bytes, version, 1);
    cql::append_startup(bytes, version, 2, options);
    cql::append_auth_response(response, version, 3, base::bytes_of(token));
    if (cql::has_segments(version))
        cql::append_segments(bytes, response,
                             more.empty() ? cql::SegmentCompression::none : cql::SegmentCompression::lz4);
    else
        base::append(bytes, response);
    return bytes;
}

void add_logins(Corpus& corpus, const gateway::MadeToken& token) {
    const auto add = [&](const char* name, const base::Bytes& bytes) {
        corpus.add("client_login", name, at_once, bytes);
    };
    using enum cql::ProtocolVersion;
    const std::string plain = std::string("\0token\0", 7) + token.secrets.token.reveal();
    add("v3", login(v3, plain));
    add("v4", login(v4, plain));
    add("v4_lz4", login(v4, plain, {{"COMPRESSION", "lz4"}}));
    add("v5", login(v5, plain));
    add("v5_lz4", login(v5, plain, {{"COMPRESSION", "lz4"}}));
    corpus.add("client_login", "v5_byte_by_byte", byte_by_byte, login(v5, plain));
    add("as_another", login(v4, "admin" + plain));
    add("without_user", login(v4, "token"));
    add("one_zero_too_many", login(v4, plain + std::string(1, '\0')));
    add("no_token", login(v4, ""));
    add("unknown_compression", login(v4, plain, {{"COMPRESSION", "zstd"}}));
    add("dse", login(dse_v2, plain));
    base::Bytes no_startup;
    cql::append_auth_response(no_startup, v4, 1, base::bytes_of(plain));
    add("no_startup", no_startup);
    base::Bytes broken = login(v5, plain);
    broken.back() ^= 1U;
    add("v5_wrong_checksum", broken);
    const base::ByteView http = base::bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    add("http", {http.begin(), http.end()});
}

// --- files

void add_files(Corpus& corpus, const gateway::MadeToken& token) {
    const auto add = [&](const char* name, const std::string& text) {
        corpus.add("gateway_files", name, "", base::bytes_of(text));
    };
    const std::string tokens = gateway::to_json({token.token});
    add("tokens", tokens);
    add("tokens_cut_off", tokens.substr(0, tokens.size() * 2 / 3));
    add("tokens_none", gateway::to_json(std::vector<gateway::Token>{}));
    std::string too_many = tokens;
    const std::string connections = "\"connections\":3";
    add("tokens_number_too_large",
        too_many.replace(too_many.find(connections), connections.size(), "\"connections\":4294967296"));
    gateway::Issued issued;
    issued.list_number = 2;
    issued.bundles.push_back(
        {"0A1B", "dc1", fuzz::gateway_host, "/srv/secure-connect-shop-dc1.zip", fuzz::seed_time, {}});
    add("issued", gateway::to_json(issued));
    gateway::Settings settings;
    settings.name = "shop";
    settings.cluster = {{"10.0.0.1", 9042}, {"::1", 9043}};
    settings.hosts = {fuzz::gateway_host};
    settings.bind = {"0.0.0.0"};
    settings.guardrails = gateway::Guardrails::astra;
    add("settings", gateway::to_json(settings));
    settings.hosts.clear();
    add("settings_without_host", gateway::to_json(settings));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_gateway_corpus DIRECTORY\n";
        return 30;
    }
    Corpus corpus(arguments[1]);
    gateway::TokenLimits limits;
    limits.keyspaces = {"own"};
    limits.connections = 3;
    const gateway::MadeToken token =
        gateway::make_token({"app", "x"}, limits, fuzz::seed_time, fuzz::seed_time + std::chrono::days(30));
    add_client_hellos(corpus);
    add_logins(corpus, token);
    add_files(corpus, token);
    return 0;
}
