#include "gateway/session_fixture.hpp"

namespace crossfade::gateway {
namespace {

constexpr cql::ProtocolVersion v4 = cql::ProtocolVersion::v4, v5 = cql::ProtocolVersion::v5;

struct Kind {
    cql::ProtocolVersion version;
    cql::Compression compression;
    bool has_limits;
};

// All ways in which bytes go from one side to the other.
class DrainingTest : public SessionFixture, public testing::WithParamInterface<Kind> {
protected:
    DrainingTest() {
        start_node();
        name_the_node();
    }
    void log_in_as_told() {
        TokenLimits limits;
        if (GetParam().has_limits) limits.keyspaces = {"b"};
        log_in(limits, GetParam().version, GetParam().compression);
    }
    bool node_has(const std::vector<std::uint16_t>& stream_ids) {
        return loop_.run_until([&] { return node_->waiting == stream_ids; });
    }
    // What comes until `count` answers are there.
    std::vector<std::string> gets(std::size_t count) {
        std::vector<std::string> all;
        EXPECT_TRUE(loop_.run_until([&] {
            for (std::string& one : got()) all.push_back(std::move(one));
            return all.size() >= count;
        }));
        return all;
    }
};

TEST_P(DrainingTest, WhatIsUnderWayIsAnsweredAndThenItEnds) {
    log_in_as_told();
    for (const std::uint16_t stream_id : {5, 6, 7}) sends_query(stream_id);
    ASSERT_TRUE(node_has({5, 6, 7}));
    node_->answer(6, 300'000);
    EXPECT_EQ(gets(1), std::vector{"RESULT of 6"s});
    session_->drain();
    sends_query(8);  // was on its way when the gateway was told to stop
    ASSERT_TRUE(node_has({5, 7, 8}));
    ASSERT_TRUE(loop_.run_until([this] { return client_.is_paused; }));
    node_->answer(7, 10);
    node_->send_event();
    node_->answer(5, 300'000);
    EXPECT_EQ(gets(3), (std::vector{"RESULT of 7"s, "EVENT of -1"s, "RESULT of 5"s}));
    EXPECT_FALSE(client_.is_closed);
    node_->answer(8, 300'000);
    EXPECT_EQ(gets(1), std::vector{"RESULT of 8"s});
    EXPECT_TRUE(loop_.run_until([this] { return client_.is_closed; }));
    EXPECT_TRUE(has_ended_);
}

TEST_P(DrainingTest, WhereNothingIsUnderWayItEndsAtOnce) {
    log_in_as_told();
    sends_query(5);
    ASSERT_TRUE(node_has({5}));
    node_->answer(5, 100);
    EXPECT_EQ(gets(1), std::vector{"RESULT of 5"s});
    session_->drain();
    EXPECT_TRUE(loop_.run_until([this] { return has_ended_; }));
    EXPECT_TRUE(client_.is_closed);
}

TEST_P(DrainingTest, ARequestThatHasBegunIsReadToItsEnd) {
    log_in_as_told();
    base::Bytes query, sent;
    cql::append_query(query, GetParam().version, 9, "SELECT a FROM b.c WHERE d = '" + std::string(300'000, 'x') + "'",
                      {});
    FrameReader writer(GetParam().version, GetParam().compression);
    writer.append(query, sent);
    const std::span<std::uint8_t> all(sent);
    std::size_t shown = 0;
    const auto show = [&](std::size_t until) { shown += client_.user->on_bytes(all.subspan(shown, until - shown)); };
    show(all.size() / 2);
    session_->drain();
    // Longer than others have.
    bool is_later = false;
    net::Timer timer(loop_);
    timer.start(std::chrono::milliseconds(500), [&] { is_later = true; });
    ASSERT_TRUE(loop_.run_until([&] { return is_later; }));
    EXPECT_FALSE(client_.is_paused);
    show(all.size());
    ASSERT_TRUE(node_has({9}));
    node_->answer(9, 10);
    EXPECT_EQ(gets(1), std::vector{"RESULT of 9"s});
    EXPECT_TRUE(loop_.run_until([this] { return has_ended_; }));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DrainingTest,
                         testing::Values(Kind{v4, cql::Compression::none, false},
                                         Kind{v4, cql::Compression::none, true},
                                         Kind{v5, cql::Compression::none, false},
                                         Kind{v5, cql::Compression::lz4, false}, Kind{v5, cql::Compression::none, true},
                                         Kind{v5, cql::Compression::lz4, true}),
                         [](const auto& with) {
                             return std::string(cql::has_segments(with.param.version) ? "v5" : "v4") +
                                    std::string(cql::name_of(with.param.compression)) +
                                    (with.param.has_limits ? "Limits" : "");
                         });

class OtherDrainingTest : public SessionFixture {
protected:
    OtherDrainingTest() { start_node(); }
};

TEST_F(OtherDrainingTest, WhoHasNotLoggedInIsLetGoAtOnce) {
    connect();
    start_up(v4, cql::Compression::none);
    expect(cql::Opcode::authenticate);
    session_->drain();
    EXPECT_TRUE(client_.is_closed);
    EXPECT_TRUE(has_ended_);
}

TEST_F(OtherDrainingTest, RequestsThatWaitForTheTokensRateAreAnsweredToo) {
    for (const cql::ProtocolVersion version : {v4, v5}) {
        SCOPED_TRACE(cql::name_of(version));
        session_.reset();
        client_ = {};
        has_ended_ = false;
        node_->forget();
        TokenLimits limits;
        limits.requests_per_second = 1;
        log_in(limits, version);
        base::Bytes all;
        for (std::uint16_t stream_id = 1; stream_id <= 5; ++stream_id) append_query(stream_id, all);
        base::Bytes left = all;
        left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(client_.user->on_bytes(left)));
        ASSERT_TRUE(client_.is_paused);
        session_->drain();
        // What the stream has and the session did not take is shown again.
        if (!left.empty()) {
            EXPECT_EQ(client_.user->on_bytes(left), left.size());
        }
        ASSERT_TRUE(loop_.run_until([&] { return !node_->waiting.empty(); }));
        std::vector<std::string> answers = got();
        for (const std::uint16_t stream_id : std::vector(node_->waiting)) node_->answer(stream_id, 10);
        EXPECT_TRUE(loop_.run_until([&] {
            for (std::string& one : got()) answers.push_back(std::move(one));
            return has_ended_;
        }));
        std::sort(answers.begin(), answers.end());
        EXPECT_EQ(answers.size(), 5U);
        EXPECT_EQ(answers.front(), "ERROR of 2");
        EXPECT_EQ(answers.back(), "RESULT of 1");
    }
}

}  // namespace
}  // namespace crossfade::gateway
