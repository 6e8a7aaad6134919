// What an application notices of a path that fails: whatever the byte at which it is cut or goes silent, every call
// ends in its time, and the next one works.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crossfade/crossfade.hpp"
#include "driver/api/loop_thread.hpp"
#include "driver/integration/faulty_wire.hpp"
#include "driver/integration/real_nodes.hpp"
#include "driver/integration/scripted_node.hpp"
#include "net/test_certificates.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::FaultyWire;
using driver::ScriptedNode;
using driver::WireFaults;
using std::chrono::milliseconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr const char* wire_host = "127.0.0.64";
constexpr const char* select_text = "SELECT v FROM stub.kv WHERE k = 'a'";
// What a call may take beyond its timeout where other work is done beside it.
constexpr milliseconds patience{4000};

// v4 in plain and under TLS to a scripted node; v5 with lz4 to the stub node that CROSSFADE_TEST_STUB names.
enum class Way { plain, tls, stub };
std::string name_of_way(const testing::TestParamInfo<Way>& info) {
    return info.param == Way::plain ? "v4" : info.param == Way::tls ? "v4_tls" : "v5_lz4";
}

class LibraryWire : public testing::TestWithParam<Way> {
protected:
    void SetUp() override {
        net::Address to;
        if (GetParam() == Way::stub) {
            const auto addresses = driver::addresses_in("CROSSFADE_TEST_STUB");
            if (addresses.empty()) GTEST_SKIP() << "CROSSFADE_TEST_STUB is not set";
            to = *net::parse_address(addresses.front(), 9042);
        }
        std::shared_ptr<net::TlsContext> tls;
        if (GetParam() == Way::tls) {
            const auto files = certificates_.issue({.addresses = {wire_host}});
            net::TlsOptions options;
            options.certificate_file = files.certificate;
            options.key_file = files.key;
            options.verify_peer = false;
            tls = *net::make_server_tls(options);
        }
        at_nodes([&] {
            if (GetParam() != Way::stub) {
                node_ = std::make_unique<ScriptedNode>(thread_->loop(), "127.0.0.62", 0, tls);
                to = node_->address();
            }
            to_ = to;
            wire_ = std::make_unique<FaultyWire>(thread_->loop(), wire_host, to);
        });
    }
    void TearDown() override {
        at_nodes([&] {
            wires_.clear();
            wire_.reset();
            node_.reset();
        });
        thread_->stop();
    }
    void at_nodes(const std::function<void()>& task) { thread_->call(task); }
    void set(const WireFaults& faults) {
        at_nodes([&] { wire_->set(faults); });
    }
    ClusterOptions options(const FaultyWire& wire) const {
        ClusterOptions options;
        options.contact_points(net::to_text(wire.address()))
            .timeout(milliseconds(3000))
            .connect_timeout(milliseconds(3000));
        options.reconnection(milliseconds(10), milliseconds(50));
        if (GetParam() == Way::tls) options.tls(TlsOptions{}.ca_file(certificates_.ca_file()));
        if (GetParam() == Way::stub) options.compression(Compression::lz4);
        return options;
    }
    // How many bytes a node sends to whoever connects and asks once.
    std::size_t bytes_of_connecting() {
        set({});
        const auto cluster = Cluster::build_new_cluster(options(*wire_));
        cluster.connect().execute(select_text);
        cluster.close();
        std::size_t bytes = 0;
        at_nodes([&] { bytes = wire_->most_sent(); });
        EXPECT_GT(bytes, 300U);
        return bytes;
    }
    void works() {
        const auto cluster = Cluster::build_new_cluster(options(*wire_));
        EXPECT_NO_THROW(cluster.connect().execute(select_text));
        cluster.close();
    }

    net::TestCertificates certificates_;
    const std::shared_ptr<driver::LoopThread> thread_ = driver::LoopThread::start();
    net::Address to_;
    std::unique_ptr<ScriptedNode> node_;
    std::unique_ptr<FaultyWire> wire_;
    std::vector<std::unique_ptr<FaultyWire>> wires_;
};

TEST_P(LibraryWire, ACutAtAnyByteOfConnectingIsAnErrorAtOnce) {
    const std::size_t whole = bytes_of_connecting();
    std::size_t refused = 0;
    for (std::size_t bytes = 0; bytes < whole; ++bytes) {
        SCOPED_TRACE("cut after " + std::to_string(bytes) + " of " + std::to_string(whole) + " bytes");
        WireFaults faults;
        faults.cut_after = bytes;
        set(faults);
        const auto cluster = Cluster::build_new_cluster(options(*wire_));
        const auto began = Clock::now();
        try {
            cluster.connect().execute(Statement(select_text).timeout(milliseconds(200)));
        } catch (const Error& error) {
            ++refused;
            // Behind the login it is the request that is lost, or that finds no connection.
            EXPECT_THAT(error.code(), AnyOf(ErrorCode::connection, ErrorCode::unavailable, ErrorCode::timeout));
            EXPECT_THAT(error.what(), HasSubstr(wire_host));
        }
        EXPECT_LT(Clock::now() - began, milliseconds(200) + patience);
        cluster.close();
        if (HasFailure()) return;
    }
    EXPECT_GT(refused, whole / 4);
    set({});
    works();
}

// Half-open from each byte on; many at a time, since each costs its timeouts.
TEST_P(LibraryWire, SilenceFromAnyByteOfConnectingOnIsATimeout) {
    constexpr milliseconds timeout{150};
    constexpr std::size_t at_once = 40;
    const std::size_t whole = bytes_of_connecting();
    std::size_t timeouts = 0;
    at_nodes([&] {
        for (std::size_t i = 0; i < at_once; ++i)
            wires_.push_back(std::make_unique<FaultyWire>(thread_->loop(), wire_host, to_));
    });
    struct Trial {
        Cluster cluster;
        std::future<Outcome<Session>> connected;
    };
    for (std::size_t first = 0; first < whole; first += at_once) {
        std::vector<Trial> trials;
        const auto began = Clock::now();
        for (std::size_t i = 0; i < std::min(at_once, whole - first); ++i) {
            WireFaults faults;
            faults.silent_after = first + i;
            at_nodes([&] { wires_[i]->set(faults); });
            const auto told = std::make_shared<std::promise<Outcome<Session>>>();
            const auto cluster =
                Cluster::build_new_cluster(options(*wires_[i]).timeout(timeout).connect_timeout(timeout));
            trials.push_back({cluster, told->get_future()});
            cluster.connect("", [told](Outcome<Session> outcome) { told->set_value(std::move(outcome)); });
        }
        for (std::size_t i = 0; i < trials.size(); ++i) {
            SCOPED_TRACE("silent after " + std::to_string(first + i) + " of " + std::to_string(whole) + " bytes");
            // Connecting, then each of four questions to the control connection, then the pool.
            ASSERT_EQ(trials[i].connected.wait_until(began + 6 * timeout + patience), std::future_status::ready);
            const Outcome<Session> outcome = trials[i].connected.get();
            if (!outcome) {
                ++timeouts;
                EXPECT_EQ(outcome.error().code(), ErrorCode::timeout) << outcome.error().what();
                EXPECT_THAT(outcome.error().what(), HasSubstr(wire_host));
                continue;
            }
            const auto asked = Clock::now();
            try {
                outcome.value().execute(select_text);
            } catch (const Error& error) {
                EXPECT_THAT(error.code(), AnyOf(ErrorCode::timeout, ErrorCode::unavailable)) << error.what();
            }
            EXPECT_LT(Clock::now() - asked, timeout + patience);
        }
        for (const Trial& trial : trials) trial.cluster.close();
        if (HasFailure()) return;
    }
    EXPECT_GT(timeouts, whole / 4);
    works();
}

TEST_P(LibraryWire, AByteAtATimeIsAsGoodAsAllAtOnce) {
    WireFaults faults;
    faults.is_byte_at_a_time = true;
    set(faults);
    const auto cluster = Cluster::build_new_cluster(options(*wire_).timeout(std::chrono::seconds(20)));
    const auto session = cluster.connect();
    const auto prepared = session.prepare("SELECT v FROM stub.kv WHERE k = ?");
    const bool is_stub = GetParam() == Way::stub;
    if (!is_stub) {
        at_nodes([&] {
            node_->on_request = [](const Asked& asked) {
                ScriptedNode::answer_row(asked.client, asked.id, std::string(500, 'x'));
            };
        });
    }
    for (int i = 0; i < 5; ++i) {
        const auto result = is_stub ? session.execute(prepared.bind("a")) : session.execute(prepared.bind(i));
        ASSERT_FALSE(result.is_empty());
    }
    cluster.close();
}

INSTANTIATE_TEST_SUITE_P(Ways, LibraryWire, testing::Values(Way::plain, Way::tls, Way::stub), name_of_way);

// With answers that the test decides on.
class LibraryAnswers : public LibraryWire {
protected:
    Session connect(ClusterOptions with) {
        cluster_.emplace(Cluster::build_new_cluster(with));
        return cluster_->connect();
    }
    void TearDown() override {
        if (cluster_) cluster_->close();
        LibraryWire::TearDown();
    }
    // One row that says what was asked.
    static void echo(const Asked& asked) { ScriptedNode::answer_row(asked.client, asked.id, asked.text); }
    static std::string value_of(const ResultSet& result) { return result.first_row().get_column<std::string>("v"); }

    std::optional<Cluster> cluster_;
};

TEST_P(LibraryAnswers, OneThatIsCutAtAnyByteIsAskedForAgainWhenThatDoesNoHarm) {
    const auto session = connect(options(*wire_));
    std::atomic<std::size_t> whole = 0;
    at_nodes([&] {
        node_->on_request = [&](const Asked& asked) {
            const std::size_t before = asked.client.out().size();
            echo(asked);
            whole = asked.client.out().size() - before;
        };
    });
    EXPECT_EQ(value_of(session.execute("SELECT 0")), "SELECT 0");
    const auto cut_after = [&](std::size_t bytes) { at_nodes([&] { wire_->cut_open_after(bytes); }); };
    for (std::size_t bytes = 0; bytes < whole; ++bytes) {
        SCOPED_TRACE("cut after " + std::to_string(bytes) + " of " + std::to_string(whole) + " bytes");
        cut_after(bytes);
        ASSERT_EQ(value_of(session.execute(Statement("SELECT 1").idempotent())), "SELECT 1");
        cut_after(bytes);
        try {
            session.execute("INSERT 1");
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::connection) << error.what();
        }
    }
    EXPECT_EQ(session.metrics().in_flight, 0U);
}

// Whoever waits for many answers at once.
class Collected {
public:
    explicit Collected(std::size_t count) : left_(count) {}
    void add(std::size_t number, Outcome<ResultSet> outcome) {
        const std::lock_guard lock(mutex_);
        outcomes_.emplace(number, std::move(outcome));
        if (--left_ == 0) all_.set_value();
    }
    bool wait_for(milliseconds time) { return all_.get_future().wait_for(time) == std::future_status::ready; }
    std::map<std::size_t, Outcome<ResultSet>>& outcomes() { return outcomes_; }

private:
    std::mutex mutex_;
    std::size_t left_;
    std::promise<void> all_;
    std::map<std::size_t, Outcome<ResultSet>> outcomes_;
};

// Requests that the node holds back: answered when the test says.
struct Held {
    driver::Client* client;
    std::uint16_t id;
    std::string text;
    void answer() const { ScriptedNode::answer_row(*client, id, text); }
};

TEST_P(LibraryAnswers, InAnotherOrderEachFindsWhoAsked) {
    constexpr std::size_t count = 2000;
    const auto session = connect(options(*wire_).timeout(std::chrono::seconds(20)));
    std::vector<Held> held;
    at_nodes([&] {
        node_->on_request = [&](const Asked& asked) {
            held.push_back({&asked.client, asked.id, asked.text});
            if (held.size() < count) return;
            std::sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.text > b.text; });
            for (const Held& one : held) one.answer();
        };
    });
    const auto collected = std::make_shared<Collected>(count);
    for (std::size_t i = 0; i < count; ++i)
        session.execute("SELECT " + std::to_string(i),
                        [collected, i](Outcome<ResultSet> outcome) { collected->add(i, std::move(outcome)); });
    ASSERT_TRUE(collected->wait_for(std::chrono::seconds(30)));
    for (auto& [number, outcome] : collected->outcomes()) {
        ASSERT_TRUE(outcome) << outcome.error().what();
        ASSERT_EQ(value_of(outcome.value()), "SELECT " + std::to_string(number));
    }
}

TEST_P(LibraryAnswers, ToAStreamThatNobodyAskedOnEndTheConnectionNotTheSession) {
    const auto session = connect(options(*wire_));
    std::uint32_t wrong = 0;
    at_nodes([&] {
        node_->on_request = [&](const Asked& asked) {
            if (wrong == 0) {
                echo(asked);
                return;
            }
            --wrong;
            asked.client.answer_void(static_cast<std::uint16_t>(asked.id + 1000));
        };
    });
    const auto accepted = [&] {
        std::uint32_t count = 0;
        at_nodes([&] { count = node_->accepted; });
        return count;
    };
    const std::uint32_t before = accepted();
    at_nodes([&] { wrong = 1; });
    try {
        session.execute("INSERT");
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::protocol) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("on which nothing was asked"));
    }
    EXPECT_EQ(value_of(session.execute("SELECT 1")), "SELECT 1");
    EXPECT_EQ(accepted(), before + 1);
    EXPECT_EQ(session.metrics().in_flight, 0U);
}

// More time out, all told, than a connection has stream ids.
TEST_P(LibraryAnswers, ThatComeTooLateGiveTheirIdsBackAndReachNobodyElse) {
    constexpr std::size_t rounds = 40, in_a_round = 900;
    static_assert(rounds * in_a_round > 32'768);
    const auto session = connect(options(*wire_));
    std::vector<Held> held;
    std::promise<void> all_came;
    std::uint32_t accepted = 0;
    at_nodes([&] {
        accepted = node_->accepted;
        node_->on_request = [&](const Asked& asked) {
            if (!asked.text.starts_with("LATE")) {
                echo(asked);
                return;
            }
            held.push_back({&asked.client, asked.id, asked.text});
            if (held.size() == in_a_round) all_came.set_value();
        };
    });
    for (std::size_t round = 0; round < rounds; ++round) {
        const auto late = std::make_shared<Collected>(in_a_round);
        for (std::size_t i = 0; i < in_a_round; ++i)
            session.execute(Statement("LATE " + std::to_string(i)).timeout(milliseconds(40)),
                            [late, i](Outcome<ResultSet> outcome) { late->add(i, std::move(outcome)); });
        ASSERT_TRUE(late->wait_for(milliseconds(40) + patience));
        for (auto& [number, outcome] : late->outcomes()) {
            ASSERT_FALSE(outcome);
            ASSERT_EQ(outcome.error().code(), ErrorCode::timeout) << outcome.error().what();
        }
        ASSERT_EQ(all_came.get_future().wait_for(patience), std::future_status::ready);
        at_nodes([&] {
            all_came = std::promise<void>();
            for (const Held& one : held) one.answer();
            held.clear();
        });
        ASSERT_EQ(value_of(session.execute("SELECT " + std::to_string(round))), "SELECT " + std::to_string(round));
    }
    EXPECT_EQ(session.metrics().in_flight, 0U);
    EXPECT_EQ(session.metrics().timeouts, rounds * in_a_round);
    at_nodes([&] { EXPECT_EQ(node_->accepted, accepted); });  // it is the same connection
}

TEST_P(LibraryAnswers, ThatVanishOnAHalfOpenConnectionAreTimeoutsUntilItIsReplaced) {
    constexpr std::size_t count = 1500;  // more than a connection may have unanswered
    constexpr milliseconds timeout{300};
    const auto session = connect(options(*wire_));
    at_nodes([&] {
        node_->on_request = echo;
        wire_->silence_open();
    });
    const auto collected = std::make_shared<Collected>(count);
    const auto began = Clock::now();
    for (std::size_t i = 0; i < count; ++i)
        session.execute(Statement("SELECT " + std::to_string(i)).timeout(timeout),
                        [collected, i](Outcome<ResultSet> outcome) { collected->add(i, std::move(outcome)); });
    ASSERT_TRUE(collected->wait_for(timeout + patience));
    EXPECT_GE(Clock::now() - began, timeout);
    for (auto& [number, outcome] : collected->outcomes()) {
        ASSERT_FALSE(outcome);
        ASSERT_EQ(outcome.error().code(), ErrorCode::timeout) << outcome.error().what();
    }
    EXPECT_EQ(session.metrics().in_flight, 0U);
    EXPECT_EQ(value_of(session.execute("SELECT again")), "SELECT again");
}

INSTANTIATE_TEST_SUITE_P(Ways, LibraryAnswers, testing::Values(Way::plain, Way::tls), name_of_way);

}  // namespace
}  // namespace crossfade
