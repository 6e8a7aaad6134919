#include "gateway/control.hpp"

#include <sys/stat.h>

#include "base/log.hpp"
#include "bundle/certificate_facts.hpp"
#include "gateway/metadata_answer.hpp"
#include "gateway/token_file.hpp"
#include "gateway/worker.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::int64_t warn_days = 30;
constexpr std::size_t longest_shown_path = 100;

// Differs when the file does.
std::string state_of(const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return "none";
    return fmt::format("{}.{}.{}.{}", about.st_ino, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
}

base::Task<void> tell_when_reached(nodes::ControlConnection& cluster, std::function<void(base::Result<void>)> reached) {
    const base::Result<void> result = co_await cluster.first_round();
    reached(result);
}

}  // namespace

Control::Control(net::Loop& loop, Shared& shared, Folder folder, nodes::Credentials credentials,
                 std::function<void(FactsPtr)> changed)
    : loop_(loop),
      shared_(shared),
      folder_(std::move(folder)),
      changed_(std::move(changed)),
      look_(loop),
      reachability_(loop, [this] { publish_nodes(); }) {
    const Settings& settings = shared_.settings;
    auto first = std::make_shared<Facts>();
    first->greeting = std::make_shared<const Greeting>(
        greeting_of(cql::ProtocolVersion::v4, {{"CQL_VERSION", {"3.4.5"}}, {"COMPRESSION", {"snappy", "lz4"}}},
                    settings.guardrails));
    first->tokens = std::make_shared<const TokenTable>();
    first->issued = std::make_shared<const Issued>();
    facts_ = first;
    nodes::ControlOptions options;
    options.cluster.label = "cluster";
    options.cluster.contact_points = settings.cluster;
    options.cluster.credentials = std::move(credentials);
    options.cluster.tls = shared_.cluster_tls;
    options.application_name = "crossfade gateway " + settings.name;
    nodes::ControlCallbacks callbacks;
    callbacks.on_topology = [this](std::shared_ptr<const nodes::Topology> topology) {
        shared_.names.set_nodes(*topology);
        told_ = std::move(topology);
        reachability_.set_topology(told_);
        publish_nodes();
    };
    callbacks.on_state = [this](bool is_connected, const base::Error& why) {
        if (!is_connected) {
            base::log_warning("the cluster cannot be asked now: {}", why.message);
            return;
        }
        publish([&](Facts& facts) {
            facts.greeting = std::make_shared<const Greeting>(
                greeting_of(cluster_->version(), cluster_->supported(), shared_.settings.guardrails));
        });
        // It has not told what went down before we came.
        reachability_.try_all();
    };
    cluster_ = std::make_unique<nodes::ControlConnection>(loop_, std::move(options), std::move(callbacks));
}

Control::~Control() = default;

void Control::publish(const std::function<void(Facts&)>& change) {
    auto next = std::make_shared<Facts>(*facts_);
    change(*next);
    facts_ = next;
    changed_(facts_);
}

void Control::publish_nodes() {
    auto seen = std::make_shared<nodes::Topology>(*told_);
    for (nodes::Node& node : seen->nodes) node.is_up = node.is_up && reachability_.is_reachable(node.host_id);
    if (facts_->topology != nullptr && *facts_->topology == *seen) return;
    publish([&](Facts& facts) { facts.topology = std::move(seen); });
}

base::Result<void> Control::load_tokens() {
    const std::string seen = state_of(folder_.tokens());
    if (seen == tokens_seen_) return {};
    auto tokens = read_tokens(folder_);
    if (!tokens) return base::fail(tokens.error());
    tokens_seen_ = seen;
    publish([&](Facts& facts) { facts.tokens = std::make_shared<const TokenTable>(std::move(*tokens)); });
    return {};
}

base::Result<void> Control::load_identity() {
    std::string seen;
    for (const std::string& path : {folder_.root_certificate(), folder_.server_certificate(), folder_.server_key(),
                                    folder_.revocations(), folder_.issued()})
        seen += state_of(path) + " ";
    if (seen == identity_seen_) return {};
    auto options = read_server_tls(folder_);
    if (!options) return base::fail(options.error());
    options->accepts_server_name = [&names = shared_.names](const std::string& name) { return names.accepts(name); };
    auto tls = net::make_server_tls(*options);
    if (!tls) return base::fail(base::ErrorKind::bad_configuration, folder_.keys() + ": " + tls.error().message);
    auto issued = read_issued(folder_);
    if (!issued) return base::fail(issued.error());
    const bool is_first = identity_seen_.empty();
    identity_seen_ = seen;
    shared_.tls.set(std::move(*tls));
    publish([&](Facts& facts) { facts.issued = std::make_shared<const Issued>(std::move(*issued)); });
    if (!is_first) base::log_info("certificates were loaded anew; new connections see them");
    warn_of_dates();
    return {};
}

void Control::warn_of_dates() const {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (const std::string& path : {folder_.root_certificate(), folder_.server_certificate()}) {
        const auto text = read_text(path);
        if (!text) continue;
        const auto facts = bundle::read_certificate_facts(path, *text);
        if (!facts || bundle::days_left(*facts, now) >= warn_days) continue;
        base::log_warning(
            "{}: this certificate has {} days left; 'crossfade gateway certificate renew --server' makes a new one",
            path, bundle::days_left(*facts, now));
    }
}

base::Result<void> Control::load() {
    if (auto loaded = load_identity(); !loaded) return loaded;
    return load_tokens();
}

// Once for as long as the same is wrong.
void Control::complain(const std::string& what) {
    if (!what.empty() && what != last_complaint_) base::log_warning("{}; what was loaded before is kept", what);
    last_complaint_ = what;
}

void Control::look() {
    // What is wrong with one does not keep the other from counting: a revoked certificate is to be refused at once.
    std::string what;
    for (const auto& loaded : {load_tokens(), load_identity()})
        if (!loaded) what += (what.empty() ? "" : "; ") + loaded.error().message;
    complain(what);
    if (++looks_ % 4 == 0) shared_.audit.tick();
    look_.start(look_every, [this] { look(); });
}

void Control::start(std::function<void(base::Result<void>)> reached) {
    cluster_->start();
    tasks_.push_back(tell_when_reached(*cluster_, [this, reached](base::Result<void> how) {
        reachability_.when_tried([reached, how] { reached(how); });
    }));
    look();
}

base::Result<void> Control::serve_metadata(const net::Address& on) {
    net::HttpLimits limits;
    limits.largest_body = 64U << 10U;
    limits.idle = std::chrono::seconds(20);
    const auto refused = [this](const std::string& peer, int status, const std::string& why) {
        shared_.audit.write("metadata_refused",
                            base::JsonObject().field("peer", peer).field("status", status).field("reason", why));
    };
    const auto answer = [this, refused](const net::HttpRequest& request, const net::HttpReply& reply) {
        net::HttpResponse response = answer_metadata(shared_.settings, *facts_, request);
        if (response.status >= 400)
            refused(request.peer, response.status, request.method + " " + request.path.substr(0, longest_shown_path));
        reply(std::move(response));
    };
    auto service = net::serve_http(loop_, on, listening_of(shared_, "metadata"), limits, answer, refused);
    if (!service) return base::fail(service.error());
    services_.push_back(std::move(*service));
    return {};
}

}  // namespace crossfade::gateway
