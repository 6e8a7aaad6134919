// cql-proxy's YAML file: settings by the names of their flags, and `peers`, which has no flag.
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/connect_settings.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

class Reader {
public:
    explicit Reader(std::string path) : path_(std::move(path)) {}

    ConnectFile read() {
        std::ifstream stream(path_);
        std::stringstream text;
        text << stream.rdbuf();
        std::error_code ignored;
        if (!stream || std::filesystem::is_directory(path_, ignored)) {
            file_.problems.push_back(path_ + ": cannot be read; give an existing file by --config");
            return std::move(file_);
        }
        try {
            const YAML::Node root = YAML::Load(text.str());
            if (root.IsNull()) return std::move(file_);
            if (!root.IsMap())
                file_.problems.push_back(path_ + ": is no list of settings; write each as 'name: value'");
            else
                for (const auto& entry : root) take(entry.first.Scalar(), entry.second, entry.first);
        } catch (const YAML::Exception& broken) {
            file_.problems.push_back(path_ + ":" + std::to_string(broken.mark.line + 1) +
                                     ": is no YAML: " + broken.msg);
        }
        return std::move(file_);
    }

private:
    std::string place_of(const YAML::Node& at, const std::string& name) const {
        return path_ + ":" + std::to_string(at.Mark().line + 1) + ": " + printable(name.substr(0, 100));
    }

    void take(const std::string& name, const YAML::Node& value, const YAML::Node& at) {
        if (name == "peers") {
            take_peers(value);
            return;
        }
        std::string text;
        if (value.IsNull()) return;
        if (!text_of(value, text)) {
            file_.problems.push_back(place_of(at, name) + ": has to be one value or a list of values");
            return;
        }
        file_.entries.push_back({name, text, place_of(at, name)});
    }

    static bool text_of(const YAML::Node& value, std::string& text) {
        if (value.IsScalar()) {
            text = value.Scalar();
            return true;
        }
        if (!value.IsSequence()) return false;
        for (const YAML::Node& item : value) {
            if (!item.IsScalar()) return false;
            text += (text.empty() ? "" : ",") + item.Scalar();
        }
        return true;
    }

    void take_peers(const YAML::Node& peers) {
        if (!peers.IsSequence()) {
            file_.problems.push_back(place_of(peers, "peers") + ": has to be a list, each with an rpc-address");
            return;
        }
        for (const YAML::Node& one : peers) {
            ConnectSettings::Peer peer;
            if (!one.IsMap()) {
                file_.problems.push_back(place_of(one, "peers") + ": each has to have an rpc-address");
                continue;
            }
            for (const auto& entry : one) take_of_peer(peer, entry.first.Scalar(), entry.second);
            if (peer.rpc_address.empty()) file_.problems.push_back(place_of(one, "peers") + ": one has no rpc-address");
            file_.peers.push_back(std::move(peer));
        }
    }

    void take_of_peer(ConnectSettings::Peer& peer, const std::string& name, const YAML::Node& value) {
        if (name == "rpc-address" && value.IsScalar())
            peer.rpc_address = value.Scalar();
        else if ((name == "data-center" || name == "dc") && value.IsScalar())
            peer.data_center = value.Scalar();
        else if (name == "tokens" && value.IsSequence())
            for (const YAML::Node& token : value) peer.tokens.push_back(token.as<std::string>());
        else
            file_.problems.push_back(place_of(value, "peers." + name) +
                                     ": is not understood; a peer has rpc-address, data-center and a list of tokens");
    }

    const std::string path_;
    ConnectFile file_;
};

}  // namespace

ConnectFile read_connect_file(const std::string& path) {
    return Reader(path).read();
}

}  // namespace crossfade::cli
