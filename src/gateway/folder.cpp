#include "gateway/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bundle/zip_archive.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::size_t largest_file = 16U << 20U;

// Names of datacenters are anything; names of files are not.
std::string as_file_name(std::string text) {
    for (char& c : text)
        if (c == '/' || static_cast<unsigned char>(c) < 0x20) c = '_';
    return text;
}

tl::unexpected<base::Error> refused(const std::string& what) {
    return base::fail(base::ErrorKind::bad_configuration, what);
}

base::Result<void> check_mode(const std::string& path, const char* mode) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        if (errno == ENOENT) return {};
        return refused(path + ": cannot be looked at: " + std::strerror(errno));
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refused(path + ": other users of this machine may read it; 'chmod " + mode + " " + path +
                       "' keeps it private");
    return {};
}

}  // namespace

std::string Folder::bundle(const std::string& name, const std::string& datacenter, const std::string& host) const {
    return path + "/" + as_file_name("secure-connect-" + name + "-" + datacenter + (host.empty() ? "" : "-" + host)) +
           ".zip";
}

std::string Folder::resolved(const std::string& file) const {
    return file.empty() || file.starts_with('/') ? file : path + "/" + file;
}

base::Result<void> make_folder(const Folder& folder) {
    for (const std::string& path : {folder.path, folder.keys()})
        if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
            return base::fail(base::ErrorKind::bad_input, path + ": cannot be made: " + std::strerror(errno));
    return {};
}

base::Result<void> check_privacy(const Folder& folder) {
    for (const std::string& path : {folder.path, folder.keys(), folder.cluster()})
        if (auto is_private = check_mode(path, "700"); !is_private) return is_private;
    for (const std::string& path : {folder.root_key(), folder.server_key(), folder.tokens(), folder.first_token(),
                                    folder.cluster() + "/client.key"})
        if (auto is_private = check_mode(path, "600"); !is_private) return is_private;
    return {};
}

base::Result<std::string> read_text(const std::string& path) {
    const auto bytes = bundle::read_file(path, largest_file);
    if (!bytes) return refused(bytes.error().message);
    return std::string(base::text_of(*bytes));
}

base::Result<FolderLock> FolderLock::take(const Folder& folder) {
    const int descriptor = ::open(folder.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return refused(folder.lock() + ": cannot be opened: " + std::strerror(errno));
    while (::flock(descriptor, LOCK_EX) != 0) {
        if (errno == EINTR) continue;
        ::close(descriptor);
        return refused(folder.lock() + ": cannot be locked: " + std::strerror(errno));
    }
    return FolderLock(descriptor);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace crossfade::gateway
