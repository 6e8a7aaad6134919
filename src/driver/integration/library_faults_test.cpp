// What an application notices of nodes that fail, with nodes that fail on command.
#include <gmock/gmock.h>

#include <future>

#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::ScriptedNode;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class LibraryFaults : public LibraryNodes {
protected:
    LibraryFaults() { second_->token = 4'000'000'000'000'000'000; }
    void both() {
        at_nodes([&] {
            first_->set_cluster({first_, second_});
            second_->set_cluster({first_, second_});
        });
    }
    ClusterOptions options() const {
        return ClusterOptions{}.contact_points(net::to_text(first_->address())).timeout(milliseconds(3000));
    }

    ScriptedNode* const first_ = &add_node("127.0.0.62");
    ScriptedNode* const second_ = &add_node("127.0.0.63", first_->address().port);
};

TEST_F(LibraryFaults, TheTimeoutFiresWhateverHappens) {
    both();
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    wait_for_connections(session, 2);
    at_nodes([&] { first_->on_request = second_->on_request = [](const Asked&) {}; });
    const auto began = std::chrono::steady_clock::now();
    // Speculation must not hide the timeout (a known defect of other drivers).
    Statement silent("SELECT");
    silent.idempotent().timeout(milliseconds(200)).speculative_execution({milliseconds(20), 5});
    EXPECT_THAT(error_of(ErrorCode::timeout, [&] { session.execute(silent); }), HasSubstr("200 ms"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(1500));
    EXPECT_EQ(session.metrics().in_flight, 0U);
    cluster.close();
}

TEST_F(LibraryFaults, ASilentNodeIsHelpedOutByAnotherWhenThatDoesNoHarm) {
    both();
    const auto cluster =
        Cluster::build_new_cluster(options().speculative_execution({milliseconds(30), 1}).timeout(milliseconds(2000)));
    const auto session = cluster.connect();
    wait_for_connections(session, 2);
    at_nodes([&] { first_->on_request = [](const Asked&) {}; });
    for (int i = 0; i < 4; ++i) {
        const auto result = session.execute(Statement("SELECT").idempotent());
        EXPECT_EQ(result.coordinator(), net::to_text(second_->address()));
    }
    EXPECT_GE(session.metrics().speculative, 1U);
    cluster.close();
}

TEST_F(LibraryFaults, WhatIsNotIdempotentIsNeverAskedTwice) {
    both();
    const auto cluster = Cluster::build_new_cluster(options().speculative_execution({milliseconds(10), 3}));
    const auto session = cluster.connect();
    wait_for_connections(session, 2);
    std::atomic<int> asked{0};
    at_nodes([&] { first_->on_request = second_->on_request = [&](const Asked&) { ++asked; }; });
    EXPECT_THAT(error_of(ErrorCode::timeout, [&] { session.execute(Statement("INSERT").timeout(milliseconds(200))); }),
                HasSubstr("no answer"));
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(session.metrics().speculative, 0U);
    cluster.close();
}

TEST_F(LibraryFaults, OnlyWhatIsIdempotentIsTriedAgain) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    std::atomic<int> asked{0};
    at_nodes([&] {
        first_->on_request = [&](const Asked& request) {
            ++asked;
            request.client.answer_error(request.id, cql::ErrorCode::write_timeout);
        };
    });
    EXPECT_THAT(error_of(ErrorCode::server, [&] { session.execute("INSERT"); }), HasSubstr("WRITE_TIMEOUT"));
    EXPECT_EQ(asked, 1);
    error_of(ErrorCode::server, [&] { session.execute(Statement("INSERT").idempotent()); });
    EXPECT_EQ(asked, 3);
    error_of(ErrorCode::server, [&] { session.execute(Statement("INSERT").idempotent().retry_policy(no_retries())); });
    EXPECT_EQ(asked, 4);
    cluster.close();
}

class Stubborn final : public RetryPolicy {
public:
    RetryDecision decide(FailedTry how, const Error& error, std::uint32_t tries, bool) const override {
        EXPECT_EQ(how, FailedTry::overloaded);
        EXPECT_EQ(error.server_code(), 0x1001);
        return tries < 4 ? RetryDecision::same_node : RetryDecision::ignore;
    }
};

TEST_F(LibraryFaults, TheApplicationsRetryPolicyDecides) {
    const auto cluster = Cluster::build_new_cluster(options().retry_policy(std::make_shared<Stubborn>()));
    const auto session = cluster.connect();
    std::atomic<int> asked{0};
    at_nodes([&] {
        first_->on_request = [&](const Asked& request) {
            ++asked;
            request.client.answer_error(request.id, cql::ErrorCode::overloaded);
        };
    });
    EXPECT_TRUE(session.execute("SELECT").is_empty());
    EXPECT_EQ(asked, 4);
    cluster.close();
}

TEST_F(LibraryFaults, AStatementThatTheNodeForgotIsPreparedAgainUnseen) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    const auto prepared = session.prepare("INSERT");
    std::atomic<int> executes{0};
    at_nodes([&] {
        first_->on_request = [&](const Asked& request) {
            if (request.frame.header.opcode != cql::Opcode::execute || executes++ > 0) {
                first_->answer_by_default(request);
                return;
            }
            request.client.answer_error(request.id, cql::ErrorCode::unprepared, request.prepared_id);
        };
    });
    BoundStatement bound = prepared.bind(5);
    bound.payload("for", Blob{1});
    session.execute(bound);
    EXPECT_EQ(executes, 2);
    EXPECT_EQ(session.metrics().reprepares, 1U);
    cluster.close();
}

TEST_F(LibraryFaults, SeveralDatacentersAreNamedWhenNoneIsChosen) {
    both();
    at_nodes([&] { second_->datacenter = "dc2"; });
    const auto cluster = Cluster::build_new_cluster(options());
    EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { cluster.connect(); }), HasSubstr("'dc1', 'dc2'"));
    cluster.close();
    const auto chosen = Cluster::build_new_cluster(options().local_datacenter("dc2"));
    EXPECT_EQ(chosen.connect().execute("SELECT").coordinator(), net::to_text(second_->address()));
    chosen.close();
    const auto wrong = Cluster::build_new_cluster(options().local_datacenter("dc3"));
    EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { wrong.connect(); }), HasSubstr("'dc3'"));
    wrong.close();
}

class Listening final : public ClusterListener {
public:
    void on_node_down(const NodeInfo& node) override { down.set_value(node.address); }
    void on_node_up(const NodeInfo& node) override { up.set_value(node.address); }
    std::promise<std::string> down, up;
};

TEST_F(LibraryFaults, TheListenerIsToldOfNodes) {
    both();
    const auto listening = std::make_shared<Listening>();
    const auto cluster = Cluster::build_new_cluster(options().listener(listening));
    const auto session = cluster.connect();
    const auto send = [&](const char* change) {
        at_nodes([&] {
            for (const auto& client : first_->clients)
                if (client->stream != nullptr && client->has_registered)
                    client->send_event("STATUS_CHANGE", change, second_->address());
        });
    };
    send("DOWN");
    auto down = listening->down.get_future();
    ASSERT_EQ(down.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(down.get(), net::to_text(second_->address()));
    send("UP");
    auto up = listening->up.get_future();
    ASSERT_EQ(up.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    cluster.close();
}

TEST_F(LibraryFaults, ClosingEndsWhatIsUnderWay) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    at_nodes([&] { first_->on_request = [](const Asked&) {}; });
    std::promise<ErrorCode> ended;
    session.execute(Statement("SELECT"), [&](Outcome<ResultSet> outcome) {
        ended.set_value(outcome ? ErrorCode::internal : outcome.error().code());
    });
    session.close();
    auto code = ended.get_future();
    ASSERT_EQ(code.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(code.get(), ErrorCode::closed);
    EXPECT_THAT(error_of(ErrorCode::closed, [&] { session.execute("SELECT"); }), HasSubstr("closed"));
    cluster.close();
}

TEST_F(LibraryFaults, AClusterThatIsNotThereIsAnErrorWithItsAddress) {
    at_nodes([&] { first_->go_down(); });
    const auto cluster = Cluster::build_new_cluster(options());
    EXPECT_THAT(error_of(ErrorCode::connection, [&] { cluster.connect(); }), HasSubstr("127.0.0.62"));
    cluster.close();
}

}  // namespace
}  // namespace crossfade
