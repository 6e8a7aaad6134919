#include "gateway/newcomers.hpp"

#include <gtest/gtest.h>

#include "gateway/session_fixture.hpp"

namespace crossfade::gateway {
namespace {

// Sessions are looked at by their addresses alone.
class NewcomersTest : public testing::Test {
protected:
    Session& session(std::size_t number) { return *reinterpret_cast<Session*>(&bytes_[number]); }
    // Gives the number of who gives way; -1: nobody.
    int comes(std::size_t number, const std::string& host) {
        const Session* const gone = newcomers_.add(session(number), host);
        for (std::size_t i = 0; i < bytes_.size(); ++i)
            if (gone == &session(i)) return static_cast<int>(i);
        return -1;
    }
    Newcomers newcomers_{4};

private:
    alignas(Session) std::array<std::array<char, alignof(Session)>, 20> bytes_{};
};

TEST_F(NewcomersTest, WhoOpensManyIsInTheWayOfItselfAlone) {
    EXPECT_EQ(comes(0, "good"), -1);
    for (std::size_t i = 1; i <= 3; ++i) EXPECT_EQ(comes(i, "bad"), -1);
    EXPECT_EQ(comes(4, "bad"), 1);
    EXPECT_EQ(comes(5, "bad"), 2);
    EXPECT_EQ(comes(6, "other"), 3) << "a third host finds room, too";
    EXPECT_EQ(newcomers_.size(), 4U);
}

TEST_F(NewcomersTest, OfHostsThatHaveTheSameNumberTheOldestGoes) {
    comes(0, "b");
    comes(1, "a");
    comes(2, "c");
    comes(3, "d");
    EXPECT_EQ(comes(4, "e"), 0);
    EXPECT_EQ(comes(5, "f"), 1);
}

TEST_F(NewcomersTest, WhoHasLoggedInOrGoneMakesRoom) {
    for (std::size_t i = 0; i < 4; ++i) comes(i, "one");
    newcomers_.remove(session(0));
    newcomers_.remove(session(2));
    newcomers_.remove(session(2));
    EXPECT_EQ(comes(4, "one"), -1);
    EXPECT_EQ(comes(5, "one"), -1);
    EXPECT_EQ(comes(6, "one"), 1);
    EXPECT_EQ(comes(7, "one"), 3);
}

TEST_F(NewcomersTest, EachLoopHasItsShare) {
    EXPECT_EQ(Newcomers::share_of(1), 256U);
    EXPECT_EQ(Newcomers::share_of(2), 128U);
    EXPECT_EQ(Newcomers::share_of(64), 16U);
}

// The same, of sessions that hold connections to a node.
class GivingWayTest : public SessionFixture {
protected:
    GivingWayTest() { start_node(); }
    void comes_and_says_nothing() {
        clients_.push_back(std::make_unique<net::FakeStream::Seen>());
        sessions_.push_back(std::make_unique<Session>(*this, std::make_unique<net::FakeStream>(*clients_.back())));
    }
    ~GivingWayTest() override {
        session_.reset();
        sessions_.clear();
    }
    std::vector<std::unique_ptr<net::FakeStream::Seen>> clients_;
    std::vector<std::unique_ptr<Session>> sessions_;
};

TEST_F(GivingWayTest, TheOldestThatHasNotLoggedInGoesAndIsInTheAuditLog) {
    log_in({});
    for (std::size_t i = 0; i < most_newcomers; ++i) comes_and_says_nothing();
    EXPECT_FALSE(clients_[0]->is_closed);
    comes_and_says_nothing();
    EXPECT_TRUE(clients_[0]->is_closed);
    EXPECT_FALSE(clients_[1]->is_closed);
    EXPECT_FALSE(clients_.back()->is_closed);
    EXPECT_FALSE(client_.is_closed) << "who has logged in stays";
    EXPECT_NE(audit_log().find("it gave way to a newer connection"), std::string::npos);
}

TEST_F(GivingWayTest, WhoGoesByItselfMakesRoom) {
    for (std::size_t i = 0; i < most_newcomers; ++i) comes_and_says_nothing();
    sessions_[3]->end();
    comes_and_says_nothing();
    EXPECT_FALSE(clients_[0]->is_closed);
    clients_[4]->user->on_closed(base::Error());
    sessions_.erase(sessions_.begin() + 5);
    comes_and_says_nothing();
    comes_and_says_nothing();
    EXPECT_FALSE(clients_[0]->is_closed);
    comes_and_says_nothing();
    EXPECT_TRUE(clients_[0]->is_closed);
}

TEST_F(GivingWayTest, WhoWaitsToBeToldOfAWrongTokenHoldsNoPlace) {
    comes_and_says_nothing();
    net::FakeStream::Seen& client = *clients_.back();
    base::Bytes startup, credentials;
    cql::append_startup(startup, cql::ProtocolVersion::v4, 1, {{"CQL_VERSION", "3.0.0"}});
    client.user->on_bytes(startup);
    ASSERT_TRUE(loop_.run_until([&] { return !client.out.empty(); }));
    EXPECT_EQ(newcomers_.size(), 1U);
    cql::append_auth_response(credentials, cql::ProtocolVersion::v4, 1, base::bytes_of("\0token\0wrong"s));
    client.user->on_bytes(credentials);
    EXPECT_FALSE(client.is_closed) << "it is told later";
    EXPECT_EQ(newcomers_.size(), 0U);
}

}  // namespace
}  // namespace crossfade::gateway
