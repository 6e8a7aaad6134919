#include "base/durable_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace {
// What was synced, by path, in order. This program's fsync() stands before the system's.
std::vector<std::string> synced;
bool fails_on_directories = false;
}  // namespace

extern "C" int fsync(int descriptor) {
    const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string();
    synced.push_back(path);
    if (fails_on_directories && std::filesystem::is_directory(path)) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace crossfade::base {
namespace {

class DurableFile : public testing::Test {
protected:
    void SetUp() override {
        std::string name =
            (std::filesystem::canonical(std::filesystem::temp_directory_path()) / "crossfade-durable-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        path = folder + "/phase";
        synced.clear();
        fails_on_directories = false;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    std::string folder, path;
};

TEST_F(DurableFile, TheFileIsSyncedBeforeItHasItsNameAndTheNameAfter) {
    ASSERT_TRUE(write_durably(path, "one\n"));
    EXPECT_EQ(synced, (std::vector<std::string>{path + ".new", folder}));
    ASSERT_TRUE(write_durably(path, "2"));
    EXPECT_EQ(content(), "2");
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(DurableFile, ADirectoryThatCannotBeSyncedIsAnError) {
    fails_on_directories = true;
    const auto written = write_durably(path, "one");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find(path), std::string::npos);
}

TEST_F(DurableFile, WhatCannotBeWrittenLeavesTheOldContent) {
    ASSERT_TRUE(write_durably(path, "old"));
    std::filesystem::create_directory(path + ".new");
    EXPECT_FALSE(write_durably(path, "new"));
    EXPECT_EQ(content(), "old");
    EXPECT_FALSE(write_durably(folder + "/nowhere/phase", "x"));
}

}  // namespace
}  // namespace crossfade::base
