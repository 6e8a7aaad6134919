// One client connection and the connection to a node that is its own: the login, then bytes in both directions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/client_login.hpp"
#include "gateway/facts.hpp"
#include "gateway/frame_reader.hpp"
#include "gateway/inspector.hpp"
#include "gateway/login_throttle.hpp"
#include "gateway/newcomers.hpp"
#include "gateway/node_login.hpp"
#include "gateway/segment_walk.hpp"
#include "net/stream.hpp"
#include "nodes/schema_look.hpp"

namespace crossfade::gateway {

// How long a gateway that was told to stop waits for what is under way.
constexpr std::chrono::milliseconds drain_time{5'000};

class Session;

// The loop that sessions live on.
class SessionOwner {
public:
    virtual net::Loop& loop() = 0;
    virtual Shared& shared() = 0;
    virtual const FactsPtr& facts() const = 0;
    virtual LoginThrottle& throttle() = 0;
    virtual Newcomers& newcomers() = 0;
    // It is over; to be destroyed in a later turn.
    virtual void session_ended(Session& session) = 0;

protected:
    ~SessionOwner() = default;
};

// Loop's thread only.
class Session final : public net::StreamUser {
public:
    Session(SessionOwner& owner, std::unique_ptr<net::Stream> client);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Ends it where its token or its certificate counts no more.
    void check(const Facts& facts, std::chrono::sys_seconds now);
    void end();
    // The gateway is going: what has come up to now, or comes within the moment that it may be on its way, is answered;
    // then the session ends. It ends at once where nobody has logged in.
    void drain();
    // Ends it: it has not logged in, and there are too many of them.
    void give_way();

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_drained() override;

private:
    enum class Stage : std::uint8_t { login, waiting, relaying, ended };
    // How much of what goes by is looked at.
    enum class Look : std::uint8_t {
        none,       // v5 without limits: headers of requests
        supported,  // v3 and v4 without limits: these, and answers to OPTIONS
        all,
    };
    struct NodeSide final : net::StreamUser {
        explicit NodeSide(Session& of) : session(of) {}
        std::size_t on_bytes(std::span<std::uint8_t> bytes) override { return session.node_bytes(bytes); }
        void on_closed(const base::Error& why) override { session.node_closed(why); }
        void on_drained() override { session.node_drained(); }
        Session& session;
    };

    // The login.
    std::size_t login_bytes(std::span<std::uint8_t> bytes);
    void connect_to_node(std::size_t route, const std::string& why_not_the_one_before);
    void take_credentials(nodes::Credentials credentials);
    void refuse_login(LoginProblem problem, const std::string& username);
    void log_in_to_node(const TokenTable::Login& login);
    void node_logged_in(base::Result<NodeLogin::LoggedIn> logged_in);
    void refuse(cql::ErrorCode code, const std::string& text);
    base::JsonObject about() const;

    // The relaying.
    void begin_relaying();
    std::size_t client_bytes(std::span<std::uint8_t> bytes);
    std::size_t pass_on(std::span<std::uint8_t> bytes);
    void break_off(const cql::FrameHeader& header, Refusal refusal);
    bool request(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& to_node,
                 base::Bytes& to_client);
    std::size_t node_bytes(std::span<std::uint8_t> bytes);
    std::size_t pass_back(std::span<std::uint8_t> bytes);
    std::size_t walk_answers(std::span<std::uint8_t> bytes);
    void answer(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& to_client);
    void append_supported(const cql::FrameHeader& header, std::span<std::uint8_t> frame, base::Bytes& out);
    void take_no_more();

    // Schema changes (agreeing.cpp).
    bool has_to_agree(const cql::FrameHeader& header, std::span<std::uint8_t> frame);
    void keep_until_agreed(std::span<std::uint8_t> frame);
    void look_at_schema();
    void ask_of_schema(std::string_view text);
    bool is_of_schema(const cql::FrameHeader& header) const;
    void take_schema(const cql::FrameHeader& header, std::span<std::uint8_t> frame);
    void agreed();
    // What is kept is answered now, whoever agrees: nothing more will be heard, or nobody waits any more.
    void answer_kept();

    void end_if_answered();
    void count_answer(const cql::FrameHeader& header);
    void deny(const cql::FrameHeader& header, const Denial& denial, base::Bytes& to_client);
    void wait_for(std::chrono::milliseconds time);
    void client_appended();
    void node_appended();
    void resume_client_if_room();
    void node_closed(const base::Error& why);
    void node_drained();

    SessionOwner& owner_;
    const std::unique_ptr<net::Stream> client_;
    const std::string peer_, server_name_, certificate_;
    ClientLogin login_;
    net::Timer timer_;
    Stage stage_ = Stage::login;
    std::vector<net::Address> routes_;
    std::vector<std::unique_ptr<NodeLogin>> node_logins_;  // the last one counts; kept, since they may be on the stack
    Token token_;                                          // once logged in
    std::shared_ptr<TokenUse> use_;                        // while it counts as a connection
    bool waits_for_refusal_ = false;                       // throttled

    NodeSide node_side_{*this};
    std::unique_ptr<net::Stream> node_;
    Look look_ = Look::all;
    std::unique_ptr<Inspector> inspector_;
    std::unique_ptr<FrameReader> requests_, answers_;
    bool has_segments_ = false;
    base::Bytes to_node_, to_client_;  // v5: envelopes on their way into segments
    std::size_t left_of_answer_ = 0;   // Look::supported: bytes of the present answer still to come
    bool is_rate_limited_ = false;     // waits before it takes more requests
    // Requests at the node, and of their answers what is still to come: known also where answers are not looked at.
    std::size_t under_way_ = 0;
    std::optional<SegmentWalk> answer_headers_;  // Look::none
    // Of a client that sees one node: the answers to schema changes that wait for the other nodes, and the look at
    // them.
    struct Agreement {
        explicit Agreement(net::Loop& loop) : pause(loop), limit(loop) {}
        nodes::SchemaLook look;
        net::Timer pause, limit;
        std::optional<std::uint16_t> stream_id;  // of a question of ours that is at the node
        bool is_stale = false;                   // it was asked before the last schema change
        base::Bytes answers;                     // as they came, v5: out of their segments
        std::size_t count = 0;
    };
    std::unique_ptr<Agreement> agreement_;
    bool is_draining_ = false, takes_requests_ = true;
};

}  // namespace crossfade::gateway
