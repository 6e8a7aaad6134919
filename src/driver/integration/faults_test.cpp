// What a session does when nodes fail, with nodes that fail on command.
#include <algorithm>

#include "driver/integration/real_nodes.hpp"
#include "driver/integration/scripted_node.hpp"
#include "driver/pause.hpp"

namespace crossfade::driver {
namespace {

using base::Bytes;
using std::chrono::milliseconds;
using std::chrono::seconds;

Bytes int_of(std::int32_t value) {
    Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(value));
    return bytes;
}

std::int32_t code(cql::ErrorCode of) {
    return static_cast<std::int32_t>(of);
}

ExecuteOptions idempotent() {
    ExecuteOptions options;
    options.idempotent = true;
    return options;
}

class Faults : public ::testing::Test {
protected:
    Faults() : first_(loop_, "127.0.0.62", 0), second_(loop_, "127.0.0.63", first_.address().port) {
        first_.token = 0;
        second_.token = 4'000'000'000'000'000'000;
    }

    void connect(bool to_both, milliseconds timeout = milliseconds(5000)) {
        if (to_both) {
            first_.set_cluster({&first_, &second_});
            second_.set_cluster({&first_, &second_});
        }
        SessionOptions options;
        options.cluster.label = "scripted";
        options.cluster.contact_points = {first_.address()};
        options.request_timeout = timeout;
        auto session = run(loop_, Session::connect(loop_, options));
        ASSERT_TRUE(session && *session) << session->error().message;
        session_ = **session;
    }
    void TearDown() override {
        if (session_ != nullptr) session_->close();
    }

    base::Result<Rows> query(ExecuteOptions options = ExecuteOptions()) {
        auto rows = run(loop_, session_->query("INSERT", {}, std::move(options)));
        return rows ? std::move(*rows) : base::Result<Rows>(base::fail(base::ErrorKind::internal, "did not end"));
    }
    // Lets the loop run until `is_so`, at most ten seconds.
    template <class Condition>
    bool wait_until(Condition is_so) {
        const auto wait = [](net::Loop& loop, Condition condition) -> base::Task<bool> {
            for (int i = 0; i < 1000 && !condition(); ++i) {
                Pause pause(loop, milliseconds(10));
                co_await pause;
            }
            co_return condition();
        };
        return run(loop_, wait(loop_, is_so)).value_or(false);
    }

    net::Loop loop_;
    ScriptedNode first_, second_;
    std::shared_ptr<Session> session_;
};

TEST_F(Faults, AVersionThatTheNodeRefusesIsSteppedDownFrom) {
    connect(false);
    EXPECT_EQ(session_->version(), cql::ProtocolVersion::v4);
}

TEST_F(Faults, ARequestThatIsNeverAnsweredTimesOutAndALateAnswerIsNobodys) {
    connect(false, milliseconds(150));
    std::vector<std::pair<Client*, std::uint16_t>> kept;
    first_.on_request = [&](const Asked& asked) { kept.emplace_back(&asked.client, asked.id); };
    const auto began = std::chrono::steady_clock::now();
    const auto lost = query(idempotent());
    const auto took = std::chrono::steady_clock::now() - began;
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind, base::ErrorKind::timeout);
    EXPECT_GE(took, milliseconds(150));
    EXPECT_LT(took, milliseconds(1000));
    ASSERT_EQ(kept.size(), 1U);

    // While the late answer is out, its id is not given to another request.
    first_.on_request = nullptr;
    std::vector<std::uint16_t> ids;
    first_.on_request = [&](const Asked& asked) {
        ids.push_back(asked.id);
        asked.client.answer_void(asked.id);
    };
    EXPECT_TRUE(query());
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_NE(ids[0], kept[0].second);
    kept[0].first->answer_error(kept[0].second, cql::ErrorCode::server_error);
    EXPECT_TRUE(query());
    base::Task<base::Result<Rows>> together = session_->query("INSERT");
    EXPECT_TRUE(query());
    const auto other = run(loop_, std::move(together));
    EXPECT_TRUE(other && *other);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), kept[0].second), 1);
}

TEST_F(Faults, AConnectionWithTooManyUnansweredRequestsIsReplaced) {
    connect(false, milliseconds(200));
    const std::uint32_t before = first_.accepted;
    first_.on_request = [](const Asked&) {};
    int left = 1100;
    for (int i = left; i > 0; --i) {
        [](Session& session, int& count, net::Loop& loop) -> base::Task<void> {
            const base::Result<Rows> rows = co_await session.query("INSERT");
            EXPECT_FALSE(rows);
            if (--count == 0) loop.stop();
        }(*session_, left, loop_)
                                                                 .detach();
    }
    loop_.run();
    first_.on_request = nullptr;
    EXPECT_TRUE(query());
    EXPECT_EQ(first_.accepted, before + 1);
}

TEST_F(Faults, ANodeThatIsOverloadedIsLeftForAnotherWhenThatDoesNoHarm) {
    connect(true);
    first_.on_request = [](const Asked& asked) { asked.client.answer_error(asked.id, cql::ErrorCode::overloaded); };
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(query(idempotent()));
    EXPECT_EQ(second_.requests, 4U);
    EXPECT_EQ(session_->statistics().retries, first_.requests);
    EXPECT_GT(first_.requests, 0U);

    int refused = 0;
    for (int i = 0; i < 4; ++i) {
        const auto rows = query();
        if (!rows) {
            EXPECT_EQ(rows.error().server_code, code(cql::ErrorCode::overloaded));
            ++refused;
        }
    }
    EXPECT_EQ(refused, 2);
}

TEST_F(Faults, WithOneNodeARefusalIsTheAnswer) {
    connect(false);
    first_.on_request = [](const Asked& asked) {
        asked.client.answer_error(asked.id, cql::ErrorCode::is_bootstrapping);
    };
    const auto rows = query(idempotent());
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().server_code, code(cql::ErrorCode::is_bootstrapping));
    EXPECT_EQ(first_.requests, 1U);
}

TEST_F(Faults, AServersTimeoutIsTriedOnceMore) {
    connect(false);
    first_.on_request = [](const Asked& asked) { asked.client.answer_error(asked.id, cql::ErrorCode::write_timeout); };
    auto rows = query(idempotent());
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().server_code, code(cql::ErrorCode::write_timeout));
    EXPECT_EQ(first_.requests, 2U);
    rows = query();
    ASSERT_FALSE(rows);
    EXPECT_EQ(first_.requests, 3U);
}

TEST_F(Faults, ALostConnectionIsNoticedAndOnlyHarmlessRequestsGoElsewhere) {
    connect(true);
    const auto end = [](const Asked& asked) { asked.client.stream->close(); };
    first_.on_request = second_.on_request = end;
    const auto rows = query();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, base::ErrorKind::connection);

    second_.on_request = nullptr;
    ASSERT_TRUE(wait_until([&] { return session_->statistics().open_connections == 2; }));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(query(idempotent()));
}

TEST_F(Faults, ARequestWaitsForANodeToComeBack) {
    connect(false);
    first_.go_down();
    ASSERT_TRUE(wait_until([&] { return session_->statistics().open_connections == 0; }));
    base::Task<base::Result<Rows>> waiting = session_->query("INSERT");
    EXPECT_EQ(session_->statistics().waiting, 1U);
    first_.come_back();
    const auto rows = run(loop_, std::move(waiting));
    ASSERT_TRUE(rows);
    EXPECT_TRUE(*rows) << rows->error().message;
}

TEST_F(Faults, WithoutAnyConnectionARequestFailsInTimeAndSaysThatNothingWasSent) {
    connect(false, milliseconds(300));
    first_.go_down();
    ASSERT_TRUE(wait_until([&] { return session_->statistics().open_connections == 0; }));
    const auto rows = query();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, base::ErrorKind::unavailable);
    EXPECT_NE(rows.error().message.find("not connected"), std::string::npos) << rows.error().message;
}

TEST_F(Faults, BytesThatAreNoFrameEndTheConnectionNotTheSession) {
    connect(false);
    first_.on_request = [](const Asked& asked) {
        base::append(asked.client.out(), base::bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
        asked.client.stream->send_soon();
    };
    const auto rows = query();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, base::ErrorKind::protocol);
    first_.on_request = nullptr;
    EXPECT_TRUE(query());
}

TEST_F(Faults, AnAnswerNobodyAskedForEndsTheConnection) {
    connect(false);
    first_.on_request = [](const Asked& asked) { asked.client.answer_void(static_cast<std::uint16_t>(asked.id + 77)); };
    const auto rows = query();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, base::ErrorKind::protocol);
}

base::Task<void> execute_one(std::shared_ptr<Session> session, PreparedPtr statement, std::int32_t key, int& left,
                             int& failed, net::Loop& loop) {
    const Bytes bytes = int_of(key);
    const std::vector<cql::ValueView> values{{cql::ValueView::State::bytes, bytes}};
    const base::Result<Rows> rows = co_await session->execute(statement, values);
    failed += rows ? 0 : 1;
    if (--left == 0) loop.stop();
}

TEST_F(Faults, AForgottenStatementIsPreparedOnceForAllAndRunsUnderItsNewId) {
    connect(false);
    const auto statement = run(loop_, session_->prepare("INSERT ?"));
    ASSERT_TRUE(statement && *statement);
    EXPECT_EQ(first_.prepares, 1U);
    const Bytes known{1, 2, 3};
    first_.on_request = [&](const Asked& asked) {
        if (asked.frame.header.opcode == cql::Opcode::prepare)
            ScriptedNode::answer_prepared(asked, known);
        else if (asked.prepared_id == known)
            asked.client.answer_void(asked.id);
        else
            asked.client.answer_error(asked.id, cql::ErrorCode::unprepared, asked.prepared_id);
    };
    int left = 1000, failed = 0;
    for (int i = left; i > 0; --i) execute_one(session_, **statement, i, left, failed, loop_).detach();
    loop_.run();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(first_.prepares, 2U);
    EXPECT_EQ(first_.requests, 2000U);
}

TEST_F(Faults, ANodeThatForgetsEveryThousandthTimeIsNoTrouble) {
    connect(false, seconds(100));
    const auto statement = run(loop_, session_->prepare("INSERT ?"));
    ASSERT_TRUE(statement && *statement);
    std::uint8_t generation = 1;
    std::uint32_t executed = 0;
    first_.on_request = [&](const Asked& asked) {
        const Bytes known{generation};
        if (asked.frame.header.opcode == cql::Opcode::prepare) {
            ScriptedNode::answer_prepared(asked, known);
            return;
        }
        if (asked.prepared_id != known) {
            asked.client.answer_error(asked.id, cql::ErrorCode::unprepared, asked.prepared_id);
            return;
        }
        asked.client.answer_void(asked.id);
        if (++executed % 1000 == 0) ++generation;
    };
    int left = 20000, failed = 0;
    for (int i = left; i > 0; --i) execute_one(session_, **statement, i, left, failed, loop_).detach();
    loop_.run();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(executed, 20000U);
}

TEST_F(Faults, MoreThanAConnectionHasIdsWaitAndNoneFails) {
    connect(false, seconds(100));
    const auto statement = run(loop_, session_->prepare("INSERT ?"));
    ASSERT_TRUE(statement && *statement);
    constexpr int count = 100'000;
    int left = count, failed = 0;
    for (int i = 0; i < count; ++i) execute_one(session_, **statement, i, left, failed, loop_).detach();
    EXPECT_EQ(session_->statistics().in_flight, 32768U);
    EXPECT_EQ(session_->statistics().waiting, static_cast<std::uint32_t>(count) - 32768U);
    loop_.run();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(first_.requests, static_cast<std::uint32_t>(count));
}

TEST_F(Faults, ABatchWithAForgottenStatementRunsToo) {
    connect(false);
    const auto statement = run(loop_, session_->prepare("INSERT ?"));
    ASSERT_TRUE(statement && *statement);
    const Bytes known{9, 9, 9, 9};
    bool was_right = false;
    first_.on_request = [&](const Asked& asked) {
        if (asked.frame.header.opcode == cql::Opcode::prepare) {
            ScriptedNode::answer_prepared(asked, known);
            return;
        }
        const auto batch = cql::parse_batch(cql::ProtocolVersion::v4, asked.frame.body());
        ASSERT_TRUE(batch);
        Bytes unknown;
        int keys = 0;
        cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
            if (child.is_prepared && !std::ranges::equal(child.prepared_id, known))
                unknown.assign(child.prepared_id.begin(), child.prepared_id.end());
            keys = keys * 10 + static_cast<int>(child.values.back());
        });
        if (!unknown.empty()) {
            asked.client.answer_error(asked.id, cql::ErrorCode::unprepared, unknown);
            return;
        }
        was_right = batch->child_count == 3 && keys == 123 && batch->timestamp == 77;
        asked.client.answer_void(asked.id);
    };
    const Bytes one = int_of(1), two = int_of(2), three = int_of(3);
    const auto values = [](const Bytes& bytes) {
        return std::vector<cql::ValueView>{{cql::ValueView::State::bytes, bytes}};
    };
    std::vector<BatchStatement> statements;
    statements.emplace_back(**statement, values(one));
    statements.emplace_back("INSERT 2", values(two));
    statements.emplace_back(**statement, values(three));
    ExecuteOptions options;
    options.timestamp = 77;
    const auto rows = run(loop_, session_->batch(cql::BatchType::unlogged, std::move(statements), options));
    ASSERT_TRUE(rows);
    EXPECT_TRUE(*rows) << rows->error().message;
    EXPECT_TRUE(was_right);
}

TEST_F(Faults, TheSameTextIsPreparedOnceHoweverManyAsk) {
    connect(true);
    int left = 50;
    for (int i = left; i > 0; --i) {
        [](Session& session, int& count, net::Loop& loop) -> base::Task<void> {
            const base::Result<PreparedPtr> prepared = co_await session.prepare("INSERT ?");
            EXPECT_TRUE(prepared);
            if (--count == 0) loop.stop();
        }(*session_, left, loop_)
                                                                 .detach();
    }
    loop_.run();
    EXPECT_EQ(first_.prepares + second_.prepares, 1U);
}

TEST_F(Faults, ARequestGoesToTheNodeThatHasItsKey) {
    connect(true);
    const auto statement = run(loop_, session_->prepare("INSERT ?"));
    ASSERT_TRUE(statement && *statement);
    std::uint32_t expected_first = 0, expected_second = 0;
    first_.requests = second_.requests = 0;
    for (std::int32_t key = 0; key < 100; ++key) {
        const Bytes bytes = int_of(key);
        const cql::Token token = cql::token_of(bytes);
        ++(token > first_.token && token <= second_.token ? expected_second : expected_first);
        const std::vector<cql::ValueView> values{{cql::ValueView::State::bytes, bytes}};
        const auto rows = run(loop_, session_->execute(**statement, values));
        ASSERT_TRUE(rows && *rows);
    }
    EXPECT_EQ(first_.requests, expected_first);
    EXPECT_EQ(second_.requests, expected_second);
    EXPECT_GT(expected_second, 10U);
}

TEST_F(Faults, ANodeThatJoinsIsUsedAndOneThatLeavesIsNot) {
    connect(false);
    first_.set_cluster({&first_, &second_});
    second_.set_cluster({&first_, &second_});
    const auto tell = [&](std::string_view change) {
        for (auto& client : first_.clients)
            if (client->has_registered && client->stream != nullptr)
                client->send_event("TOPOLOGY_CHANGE", change, second_.address());
    };
    tell("NEW_NODE");
    ASSERT_TRUE(wait_until([&] { return session_->statistics().open_connections == 2; }));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(query());
    EXPECT_EQ(second_.requests, 2U);

    first_.set_cluster({&first_});
    tell("REMOVED_NODE");
    ASSERT_TRUE(wait_until([&] { return session_->topology()->nodes.size() == 1; }));
    ASSERT_TRUE(wait_until([&] { return session_->statistics().open_connections == 1; }));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(query());
    EXPECT_EQ(second_.requests, 2U);
}

TEST_F(Faults, TheClusterIsStillWatchedWhenTheNodeThatWasAskedIsLost) {
    connect(true);
    first_.go_down();
    const auto is_registered = [](const auto& client) { return client->has_registered && client->stream != nullptr; };
    ASSERT_TRUE(wait_until([&] { return std::any_of(second_.clients.begin(), second_.clients.end(), is_registered); }));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(query(idempotent()));
    const auto down = [&] {
        for (auto& client : second_.clients)
            if (is_registered(client)) client->send_event("STATUS_CHANGE", "DOWN", first_.address());
    };
    ASSERT_TRUE(wait_until([&] { return session_->topology()->nodes.size() == 2; }));
    down();
    EXPECT_TRUE(wait_until([&] {
        const auto& nodes = session_->topology()->nodes;
        return std::any_of(nodes.begin(), nodes.end(),
                           [&](const nodes::Node& node) { return node.address.host == "127.0.0.62" && !node.is_up; });
    }));
}

TEST_F(Faults, AClusterThatIsNotThereIsAnErrorThatNamesIt) {
    first_.go_down();
    SessionOptions options;
    options.cluster.label = "target";
    options.cluster.contact_points = {first_.address()};
    const auto session = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(session && !*session);
    EXPECT_EQ(session->error().kind, base::ErrorKind::connection);
    EXPECT_NE(session->error().message.find("127.0.0.62"), std::string::npos) << session->error().message;
}

TEST_F(Faults, ANodeThatAcceptsAndSaysNothingIsATimeout) {
    auto listener = net::listen(loop_, {"127.0.0.64", 0}, nullptr,
                                [kept = std::make_shared<std::vector<std::unique_ptr<net::Stream>>>()](
                                    std::unique_ptr<net::Stream> stream) { kept->push_back(std::move(stream)); });
    ASSERT_TRUE(listener);
    SessionOptions options;
    options.cluster.label = "target";
    options.cluster.contact_points = {(*listener)->address()};
    options.cluster.connect_timeout = milliseconds(200);
    const auto session = run(loop_, Session::connect(loop_, options));
    ASSERT_TRUE(session && !*session);
    EXPECT_EQ(session->error().kind, base::ErrorKind::timeout);
}

}  // namespace
}  // namespace crossfade::driver
