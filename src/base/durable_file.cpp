#include "base/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace crossfade::base {
namespace {

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }

private:
    const int number_;
};

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<void> write_durably(const std::string& path, std::string_view text) {
    const auto failed = [&] {
        return fail(ErrorKind::internal, path + ": cannot be written: " + std::strerror(errno));
    };
    const std::string next = path + ".new";
    {
        const Descriptor file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file.is_open() || !write_all(file.get(), text) || ::fsync(file.get()) != 0) return failed();
    }
    if (std::rename(next.c_str(), path.c_str()) != 0) return failed();
    // The new name, too, is only in memory until its directory is synced.
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open() || ::fsync(directory.get()) != 0) return failed();
    return {};
}

}  // namespace crossfade::base
