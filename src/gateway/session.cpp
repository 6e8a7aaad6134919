#include "gateway/session.hpp"

#include "base/log.hpp"
#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::chrono::milliseconds patience_with_login{20'000}, patience_with_node{5'000}, last_words{2'000};
// A login's answers are small: who leaves so much of them is no client.
constexpr std::size_t most_unsent_before_login = 64U << 10U;

std::string host_of(const std::string& peer) {
    const auto address = net::parse_address(peer, 0);
    return address ? address->host : peer;
}

std::chrono::sys_seconds present() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

Session::Session(SessionOwner& owner, std::unique_ptr<net::Stream> client)
    : owner_(owner),
      client_(std::move(client)),
      peer_(client_->peer_address()),
      server_name_(client_->server_name()),
      certificate_(client_->peer_certificate()),
      login_(owner.facts()->greeting),
      timer_(owner.loop()) {
    timer_.start(patience_with_login, [this] {
        owner_.shared().audit.write("login_refused", about().field("reason", "it took longer than 20 s"));
        end();
    });
    client_->start(*this);
    if (Session* const other = owner_.newcomers().add(*this, host_of(peer_)); other != nullptr) other->give_way();
}

Session::~Session() {
    owner_.newcomers().remove(*this);
    if (use_ != nullptr) use_->close();
    if (waits_for_refusal_) owner_.throttle().waited();
}

base::JsonObject Session::about() const {
    base::JsonObject fields;
    fields.field("peer", peer_).field("server_name", server_name_).field("certificate", certificate_);
    if (!token_.client_id.empty()) fields.field("client_id", token_.client_id).field("role", token_.role);
    return fields;
}

void Session::give_way() {
    owner_.shared().audit.write(
        "login_refused", about().field("reason", "it gave way to a newer connection: too many have not logged in"));
    end();
}

void Session::end() {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    timer_.cancel();
    agreement_.reset();
    owner_.newcomers().remove(*this);
    client_->close_after_sending(is_draining_ ? drain_time : last_words);
    if (node_ != nullptr) node_->close();
    owner_.session_ended(*this);
}

void Session::on_closed(const base::Error&) {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    timer_.cancel();
    agreement_.reset();
    owner_.newcomers().remove(*this);
    if (node_ != nullptr) node_->close();
    owner_.session_ended(*this);
}

void Session::check(const Facts& facts, std::chrono::sys_seconds now) {
    if (stage_ == Stage::ended) return;
    const IssuedBundle* const issued = facts.issued == nullptr ? nullptr : facts.issued->find(certificate_);
    std::string why;
    if (issued != nullptr && issued->revoked.time_since_epoch().count() != 0) {
        why = "its certificate was revoked";
    } else if (!token_.client_id.empty()) {
        const Token* const token = facts.tokens->find(token_.client_id);
        if (token == nullptr || !(*token == token_))
            why = "its token was revoked";
        else if (token->has_expired(now))
            why = "its token has expired";
    }
    if (why.empty()) return;
    owner_.shared().audit.write("ended", about().field("reason", why));
    end();
}

std::size_t Session::on_bytes(std::span<std::uint8_t> bytes) {
    switch (stage_) {
        case Stage::login:
            return login_bytes(bytes);
        case Stage::relaying:
            return client_bytes(bytes);
        case Stage::waiting:
            return 0;
        case Stage::ended:
            break;
    }
    return bytes.size();
}

std::size_t Session::login_bytes(std::span<std::uint8_t> bytes) {
    using Kind = ClientLogin::Step::Kind;
    std::size_t used = 0;
    while (stage_ == Stage::login) {
        ClientLogin::Step step = login_.resume(bytes.subspan(used), client_->out());
        used += step.consumed;
        client_->send_soon();
        if (step.kind == Kind::refused) {
            owner_.shared().audit.write(step.is_of_version ? "version_refused" : "login_refused",
                                        about().field("reason", step.why));
            end();
        } else if (client_->unsent() > most_unsent_before_login) {
            owner_.shared().audit.write("login_refused", about().field("reason", "it takes no answers"));
            end();
        } else if (step.kind == Kind::started) {
            stage_ = Stage::waiting;
            client_->pause_reading();
            routes_ = routes(owner_.shared().settings, owner_.facts()->topology.get(), server_name_);
            connect_to_node(0, "the cluster has not been reached yet, or does not have it any more");
        } else if (step.kind == Kind::credentials) {
            stage_ = Stage::waiting;
            client_->pause_reading();
            take_credentials(std::move(step.credentials));
        } else if (step.consumed == 0) {
            break;
        }
    }
    return used;
}

void Session::refuse(cql::ErrorCode code, const std::string& text) {
    login_.refused(code, text, client_->out());
    end();
}

void Session::connect_to_node(std::size_t route, const std::string& why_not_the_one_before) {
    if (route >= routes_.size()) {
        const std::string which = names_node(server_name_) ? "the node " + server_name_ : "no node of the cluster";
        owner_.shared().audit.write("node_unreachable", about().field("reason", why_not_the_one_before));
        // Before the credentials: drivers take any error after them for a wrong password, and never come back.
        refuse(cql::ErrorCode::is_bootstrapping,
               which + (names_node(server_name_) ? " cannot be reached" : " can be reached") + " by the gateway now");
        return;
    }
    node_logins_.push_back(
        std::make_unique<NodeLogin>(owner_.loop(), routes_[route], owner_.shared().cluster_tls, patience_with_node));
    node_logins_.back()->connect([this, route](const base::Result<void>& connected) {
        if (stage_ != Stage::waiting) return;
        if (!connected) {
            base::log_debug("{}: {}", peer_, connected.error().message);
            connect_to_node(route + 1, connected.error().message);
            return;
        }
        login_.started(client_->out());
        client_->send_soon();
        stage_ = Stage::login;
        client_->resume_reading();
    });
}

void Session::take_credentials(nodes::Credentials credentials) {
    const auto login = owner_.facts()->tokens->login(credentials, present());
    if (!login) {
        refuse_login(login.error(), credentials.username);
        return;
    }
    token_ = *login->token;
    use_ = owner_.shared().uses.of(token_.client_id);
    if (!use_->open(token_.limits.connections)) {
        use_.reset();
        owner_.shared().audit.write("login_refused", about().field("reason", "too many connections"));
        refuse(cql::ErrorCode::overloaded,
               "The application token has as many connections as it may: " + std::to_string(token_.limits.connections));
        return;
    }
    log_in_to_node(*login);
}

void Session::refuse_login(LoginProblem problem, const std::string& username) {
    // What they sent as user may be anything, a token in the wrong field among it.
    const bool is_usual = username == "token" || owner_.facts()->tokens->find(username) != nullptr;
    owner_.shared().audit.write("login_refused",
                                about()
                                    .field("user", is_usual ? username : "(not a client id)")
                                    .field("reason", problem == LoginProblem::expired   ? "expired token"
                                                     : problem == LoginProblem::unknown ? "unknown token"
                                                                                        : "no token"));
    // The node is not kept waiting for it; so it is in nobody's way.
    owner_.newcomers().remove(*this);
    owner_.loop().post([logins = std::make_shared<decltype(node_logins_)>(std::move(node_logins_))] {});
    node_logins_.clear();
    const auto wait = owner_.throttle().failed(host_of(peer_), owner_.loop().now());
    const auto say = [this, problem] { refuse(cql::ErrorCode::bad_credentials, std::string(text_of(problem))); };
    if (wait.count() == 0) {
        say();
        return;
    }
    waits_for_refusal_ = true;
    timer_.start(wait, say);
}

void Session::log_in_to_node(const TokenTable::Login& login) {
    cql::HandshakeOptions options;
    options.versions = {login_.version()};
    options.compression = login_.compression();
    options.username = login.role.username;
    options.password = login.role.password;
    for (const auto& [name, value] : login_.startup_options())
        if (name != "COMPRESSION") options.startup_options.emplace_back(name, value);
    node_logins_.back()->log_in(std::move(options), [this](base::Result<NodeLogin::LoggedIn> logged_in) {
        if (stage_ == Stage::waiting) node_logged_in(std::move(logged_in));
    });
}

void Session::node_logged_in(base::Result<NodeLogin::LoggedIn> logged_in) {
    AuditLog& audit = owner_.shared().audit;
    if (!logged_in) {
        const base::Error& why = logged_in.error();
        audit.write("login_refused", about().field("reason", why.message));
        if (why.kind == base::ErrorKind::authentication)
            refuse(cql::ErrorCode::bad_credentials, "The cluster refuses the role '" + token_.role +
                                                        "' of the application token; its password has "
                                                        "changed, perhaps: make a new token");
        else
            refuse(cql::ErrorCode::is_bootstrapping, "the node cannot be reached by the gateway now");
        return;
    }
    if (logged_in->compression != login_.compression()) {
        audit.write("login_refused", about().field("reason", "the node does not know the compression"));
        refuse(cql::ErrorCode::server_error, "the node does not know the compression that the client chose");
        return;
    }
    node_ = std::move(logged_in->stream);
    audit.write("login", about()
                             .field("driver", audited(login_.startup_option("DRIVER_NAME") + " " +
                                                      login_.startup_option("DRIVER_VERSION")))
                             .field("application", audited(login_.startup_option("APPLICATION_NAME"))));
    login_.logged_in(client_->out());
    client_->send_soon();
    begin_relaying();
}

}  // namespace crossfade::gateway
