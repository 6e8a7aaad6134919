#include "proxy/state_folder.hpp"

#include <fcntl.h>
#include <simdjson.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/durable_file.hpp"
#include "base/json_text.hpp"
#include "nodes/cluster_pair.hpp"
#include "proxy/facts.hpp"

namespace crossfade::proxy {
namespace {

namespace files = std::filesystem;

tl::unexpected<base::Error> refused(const std::string& folder, const std::string& why) {
    return base::fail(base::ErrorKind::bad_configuration, folder + ": " + why);
}

// Names of files cannot hold everything that an address can.
std::string file_name_of(std::string_view text) {
    std::string name;
    for (const char c : text)
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' ? c : '_';
    return name;
}

std::string described(const SeenCluster& cluster) {
    if (!cluster.name.empty()) return "'" + cluster.name + "'";
    return "the cluster at " + (cluster.addresses.empty() ? "an unknown address" : cluster.addresses.front());
}

std::string described(const SeenClusters& pair) {
    return "origin " + described(pair[origin_cluster]) + " and target " + described(pair[target_cluster]);
}

std::string owner_text(const SeenClusters& owner) {
    base::JsonObject text;
    for (std::size_t side = 0; side < owner.size(); ++side) {
        base::JsonList addresses;
        for (const std::string& address : owner[side].addresses) addresses.add(base::json_quoted(address));
        text.raw(cluster_names[side],
                 base::JsonObject().field("name", owner[side].name).raw("addresses", addresses.text()).text());
    }
    return text.text() + "\n";
}

// Absent: the folder has no owner.json.
base::Result<std::optional<SeenClusters>> load_owner(const std::string& folder) {
    const std::string file = folder + "/owner.json";
    std::error_code error;
    if (!files::exists(file, error) && !error) return std::optional<SeenClusters>();
    SeenClusters owner;
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    bool is_good = parser.load(file).get(json) == simdjson::SUCCESS;
    for (std::size_t side = 0; side < owner.size() && is_good; ++side) {
        std::string_view name;
        simdjson::dom::array addresses;
        is_good = json[cluster_names[side]]["name"].get(name) == simdjson::SUCCESS &&
                  json[cluster_names[side]]["addresses"].get(addresses) == simdjson::SUCCESS;
        if (!is_good) break;
        owner[side].name = name;
        for (const simdjson::dom::element one : addresses) {
            std::string_view address;
            is_good = is_good && one.get(address) == simdjson::SUCCESS;
            if (is_good) owner[side].addresses.emplace_back(address);
        }
    }
    if (!is_good)
        return refused(file,
                       "this is no owner as a proxy writes it: it cannot be told whose state the folder holds; move "
                       "the folder away, or repair the file");
    return std::optional<SeenClusters>(std::move(owner));
}

void add_addresses(SeenCluster& to, const SeenCluster& from) {
    for (const std::string& address : from.addresses)
        if (std::ranges::find(to.addresses, address) == to.addresses.end()) to.addresses.push_back(address);
}

struct Found {
    std::string folder;
    SeenClusters owner;
};

// All folders of this listen address that have an owner.
base::Result<std::vector<Found>> find_all(const std::string& state_dir, const std::string& proxy_folder) {
    std::vector<Found> all;
    std::error_code error;
    for (const files::directory_entry& pair : files::directory_iterator(state_dir, error)) {
        const std::string folder = pair.path().string() + "/" + proxy_folder;
        std::error_code none;
        if (!files::is_directory(folder, none)) continue;
        auto owner = load_owner(folder);
        if (!owner) return base::fail(std::move(owner.error()));
        if (*owner) all.push_back({folder, std::move(**owner)});
    }
    if (error) return refused(state_dir, "cannot be read: " + error.message());
    std::ranges::sort(all, {}, &Found::folder);
    return all;
}

// The one that is these clusters'; absent: there is none, and one may be made.
base::Result<std::optional<Found>> choose(const std::vector<Found>& all, const SeenClusters& seen) {
    std::vector<const Found*> same;
    for (const Found& one : all)
        if (ownership(one.owner, seen) == Ownership::same) same.push_back(&one);
    if (same.size() == 1) return std::optional<Found>(*same.front());
    if (same.size() > 1)
        return refused(same[0]->folder, "this and " + same[1]->folder + " may both be the state of " + described(seen) +
                                            "; move one of them away, or start when both clusters answer");
    for (const Found& one : all) {
        const Ownership found = ownership(one.owner, seen);
        if (found == Ownership::replaced)
            return refused(one.folder, "this is the state of " + described(one.owner) +
                                           ", and at its addresses there are now " + described(seen) +
                                           "; its phase and journal are not used for other clusters: give this pair a "
                                           "--state-dir of its own, or move the folder away");
        if (found == Ownership::unclear)
            return refused(one.folder, "this is the state of " + described(one.owner) +
                                           "; it cannot be told whether that is also " + described(seen) +
                                           ", which does not answer: start when it does, or with contact points that "
                                           "were given before, or with another --state-dir");
    }
    return std::optional<Found>();
}

// A folder's name for a pair that has none yet.
std::string free_folder(const std::string& state_dir, const std::string& proxy_folder, const SeenClusters& seen) {
    const auto name = [&](std::size_t side) {
        return !seen[side].name.empty() || seen[side].addresses.empty() ? seen[side].name
                                                                        : seen[side].addresses.front();
    };
    const std::string pair = state_dir + "/" + nodes::pair_folder(name(origin_cluster), name(target_cluster));
    std::error_code error;
    std::string folder = pair + "/" + proxy_folder;
    for (int number = 2; files::exists(folder + "/owner.json", error); ++number)
        folder = pair + "-" + std::to_string(number) + "/" + proxy_folder;
    return folder;
}

}  // namespace

bool SeenCluster::shares_address(const SeenCluster& other) const {
    return std::ranges::any_of(addresses, [&](const std::string& address) {
        return std::ranges::find(other.addresses, address) != other.addresses.end();
    });
}

Ownership ownership(const SeenClusters& owner, const SeenClusters& seen) {
    bool has_replaced = false, has_unclear = false;
    for (std::size_t side = 0; side < owner.size(); ++side) {
        const bool are_named = !owner[side].name.empty() && !seen[side].name.empty();
        const bool are_near = owner[side].shares_address(seen[side]);
        if (are_named && owner[side].name == seen[side].name) continue;
        if (are_named && !are_near) return Ownership::other;
        has_replaced = has_replaced || are_named;
        has_unclear = has_unclear || (!are_named && !are_near);
    }
    if (has_unclear) return has_replaced ? Ownership::other : Ownership::unclear;
    return has_replaced ? Ownership::replaced : Ownership::same;
}

base::Result<std::unique_ptr<StateFolder>> StateFolder::open(const std::string& state_dir, const std::string& listen,
                                                             const SeenClusters& seen) {
    const std::string proxy_folder = "proxy-" + file_name_of(listen);
    std::error_code error;
    files::create_directories(state_dir, error);
    if (error) return refused(state_dir, "cannot be made: " + error.message() + "; choose another --state-dir");
    const auto all = find_all(state_dir, proxy_folder);
    if (!all) return base::fail(all.error());
    auto chosen = choose(*all, seen);
    if (!chosen) return base::fail(std::move(chosen.error()));
    const std::string folder = *chosen ? (*chosen)->folder : free_folder(state_dir, proxy_folder, seen);
    files::create_directories(folder, error);
    if (error) return refused(folder, "cannot be made: " + error.message() + "; choose another --state-dir");
    ::chmod(folder.c_str(), 0700);
    const int lock = ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (lock >= 0) ::close(lock);
        return refused(folder, "another proxy uses this state; give this one a --state-dir or --listen of its own");
    }
    // From here on the lock is given back by the destructor.
    std::unique_ptr<StateFolder> state(new StateFolder(folder, lock, *chosen ? (*chosen)->owner : SeenClusters()));
    const bool has_content =
        files::exists(folder + "/phase", error) || files::exists(folder + "/journal.sqlite", error);
    if (!*chosen && has_content)
        return refused(folder, "it holds a phase or a journal, and nothing says of which clusters; move it away");
    for (std::size_t side = 0; side < seen.size(); ++side)
        if (auto fits = state->check(side, seen[side]); !fits)
            return base::fail(base::ErrorKind::bad_configuration, std::move(fits.error().message));
    return state;
}

StateFolder::~StateFolder() {
    ::close(lock_);
}

std::array<std::string, 2> StateFolder::names() const {
    const std::lock_guard guard(mutex_);
    return {owner_[origin_cluster].name, owner_[target_cluster].name};
}

base::Result<void> StateFolder::check(std::size_t side, const SeenCluster& seen) {
    const std::lock_guard guard(mutex_);
    SeenCluster& owner = owner_[side];
    if (!seen.name.empty() && !owner.name.empty() && seen.name != owner.name) {
        return refused(path_,
                       fmt::format("this is the state of {} '{}', but {} is now '{}'; its phase and journal are not "
                                   "used for another cluster: give this pair a --state-dir "
                                   "of its own, or move the folder away",
                                   cluster_names[side], owner.name,
                                   seen.addresses.empty() ? std::string("it") : "the one at " + seen.addresses.front(),
                                   seen.name));
    }
    SeenCluster next = owner;
    if (!seen.name.empty()) next.name = seen.name;
    add_addresses(next, seen);
    if (next == owner) return {};
    std::swap(owner, next);
    auto saved = save();
    if (!saved) std::swap(owner, next);
    return saved;
}

base::Result<void> StateFolder::save() const {
    return base::write_durably(path_ + "/owner.json", owner_text(owner_));
}

}  // namespace crossfade::proxy
