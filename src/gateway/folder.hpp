// The folder of one gateway (DIR): what lies where, and that nobody else can read it.
#pragma once

#include <string>

#include "base/result.hpp"

namespace crossfade::gateway {

// The paths under it.
struct Folder {
    std::string path;  // without a slash at its end

    std::string settings() const { return path + "/gateway.json"; }
    std::string tokens() const { return path + "/tokens.json"; }
    std::string first_token() const {
        return path + "/token";
    }  // for its user to take away; the gateway never reads it
    std::string audit_log() const { return path + "/audit.log"; }
    std::string lock() const { return path + "/lock"; }
    std::string keys() const { return path + "/pki"; }
    std::string root_certificate() const { return keys() + "/ca.crt"; }
    std::string root_key() const { return keys() + "/ca.key"; }
    std::string server_certificate() const { return keys() + "/server.crt"; }
    std::string server_key() const { return keys() + "/server.key"; }
    std::string revocations() const { return keys() + "/revoked.crl"; }
    std::string issued() const { return keys() + "/issued.json"; }
    // What TLS to the cluster takes, where it is kept here.
    std::string cluster() const { return path + "/cluster"; }
    // A path of gateway.json: as it is where it is absolute, else below this folder.
    std::string resolved(const std::string& file) const;
    // Of the bundle for a datacenter; `host` empty: the first host's.
    std::string bundle(const std::string& name, const std::string& datacenter, const std::string& host) const;
};

// Makes the folder and its `pki` (mode 0700) where they are not there. Errors: bad_input, with the path.
base::Result<void> make_folder(const Folder& folder);
// Refuses a folder, or files in it that hold secrets, that other users may enter or read. Errors: bad_configuration,
// with the path and the command that mends it.
base::Result<void> check_privacy(const Folder& folder);
// A file of the folder, at most 16 MiB. Errors: bad_configuration, with the path.
base::Result<std::string> read_text(const std::string& path);

// While one lives, no other command changes the folder; it waits for one that does. Errors: bad_configuration.
class FolderLock {
public:
    static base::Result<FolderLock> take(const Folder& folder);
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

private:
    explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace crossfade::gateway
