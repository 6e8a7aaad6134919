// The journal in a process that is killed, and on a disk that is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <map>
#include <random>
#include <thread>

#include "proxy/journal.hpp"
#include "proxy/journal_test_entries.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

// What a child says of one entry that it was told is durable.
struct Acknowledged {
    std::uint64_t id = 0;
    std::uint64_t content = 0;
};

base::Bytes body_of(std::uint64_t content) {
    return query_body("INSERT INTO ks.t (k) VALUES (" + std::to_string(content) + ")", 1);
}

// Appends from several threads until it is killed, withdraws every third, and tells which appends it was told are
// durable.
[[noreturn]] void append_for_ever(const Journal::Options& options, int pipe) {
    auto journal = Journal::open(options);
    if (!journal || !mark_durably(**journal, {"ks", "t"})) ::_exit(3);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0;; ++i) {
                const std::uint64_t content = i * 3 + t;
                JournalEntry entry = mutation("t");
                entry.body = body_of(content);
                auto shared = std::make_shared<std::promise<void>>();
                // The id is known to the callback only when append() has returned: it is handed over.
                auto id = std::make_shared<std::promise<std::uint64_t>>();
                const std::uint64_t given = (*journal)->append(std::move(entry), [=](const base::Result<void>& done) {
                    if (!done) ::_exit(4);
                    const Acknowledged said{id->get_future().get(), content};
                    if (::write(pipe, &said, sizeof said) != sizeof said) ::_exit(5);
                    shared->set_value();
                });
                id->set_value(given);
                if (i % 16 == 15) shared->get_future().wait();
            }
        });
    }
    for (;;) ::pause();
}

TEST(JournalCrash, WhatWasAcknowledgedIsThereAfterKill9) {
    TemporaryDirectory directory;
    const Journal::Options options = options_in(directory.path());
    std::mt19937 random{std::random_device{}()};
    std::map<std::uint64_t, std::uint64_t> acknowledged;  // id → content, over all rounds
    for (int round = 0; round < 6; ++round) {
        const std::size_t until = std::uniform_int_distribution<std::size_t>(1, 600)(random);
        SCOPED_TRACE("round " + std::to_string(round) + ", killed after " + std::to_string(until));
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipe[0]);
            append_for_ever(options, pipe[1]);
        }
        ::close(pipe[1]);
        Acknowledged said;
        for (std::size_t seen = 0; ::read(pipe[0], &said, sizeof said) == sizeof said; ++seen) {
            EXPECT_TRUE(acknowledged.emplace(said.id, said.content).second) << "id " << said.id << " was given twice";
            if (seen + 1 == until) ::kill(child, SIGKILL);
        }
        ::close(pipe[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);

        auto journal = Journal::open(options);
        ASSERT_TRUE(journal) << journal.error().message;
        std::map<std::uint64_t, base::Bytes> found;
        std::size_t tables = 0;
        auto all = (*journal)->list(0, 1'000'000);
        ASSERT_TRUE(all);
        for (JournalEntry& entry : *all) {
            if (entry.kind == JournalEntry::Kind::table)
                ++tables;
            else
                found[entry.id] = std::move(entry.body);
        }
        EXPECT_EQ(tables, 1U);
        EXPECT_EQ((*journal)->entries(), found.size() + 1);
        for (const auto& [id, content] : acknowledged) {
            ASSERT_TRUE(found.contains(id)) << "entry " << id << " is lost";
            EXPECT_EQ(found[id], body_of(content));
        }
    }
    EXPECT_FALSE(acknowledged.empty());
}

struct Told {
    bool is_durable = false;
    std::string message;
};

Told tell(Journal& journal, JournalEntry entry) {
    std::promise<Told> told;
    journal.append(std::move(entry), [&](const base::Result<void>& done) {
        told.set_value({done.has_value(), done ? std::string() : done.error().message});
    });
    return told.get_future().get();
}

// A limit on file sizes makes writes fail as a full disk does (with EFBIG instead of ENOSPC), in a process of its own.
int on_a_full_disk(const Journal::Options& options) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto journal = Journal::open(options);
    if (!journal) return 10;
    const std::uint64_t kept = append_durably(**journal, mutation("before"));
    if (kept == 0 || !mark_durably(**journal, {"ks", "full"})) return 11;

    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t normal = limit.rlim_cur;
    limit.rlim_cur = 64 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    JournalEntry large = mutation("full", 7000);
    large.body.resize(1024 * 1024);
    const Told told = tell(**journal, large);
    if (told.is_durable || told.message.find(options.directory) == std::string::npos) return 12;
    if ((*journal)->entries() != 1) return 13;
    // It must outlive the failure: withdrawn on a full disk, gone once there is room.
    (*journal)->withdraw(kept);

    limit.rlim_cur = normal;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (!tell(**journal, mutation("after")).is_durable) return 14;
    (*journal)->wait_until_written();
    const auto entries = (*journal)->list(0, 100);
    if (!entries) return 15;
    // That ks.full may differ was kept in memory meanwhile.
    bool has_table = false, has_after = false;
    for (const JournalEntry& entry : *entries) {
        has_table = has_table || (entry.kind == JournalEntry::Kind::table && entry.tables.front().table == "full" &&
                                  entry.time_us == 7000);
        has_after = has_after || entry.tables.front().table == "after";
        if (entry.id == kept) return 16;
    }
    if (!has_table || !has_after || entries->size() != 2) return 17;
    return (*journal)->entries() == 2 ? 0 : 18;
}

TEST(JournalCrash, OnAFullDiskTheWriteGetsTheErrorAndTheTableIsEnteredLater) {
    TemporaryDirectory directory;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(on_a_full_disk(options_in(directory.path())));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace crossfade::proxy
