#include "cli/devops_answer.hpp"

#include <simdjson.h>

#include <algorithm>

namespace crossfade::cli {
namespace {

constexpr std::size_t most_sources = 100;

bool is_region(std::string_view text) {
    return !text.empty() && text.size() <= 60 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

bool add_source(const simdjson::dom::element& item, std::vector<BundleSource>& sources) {
    std::string_view url, region;
    if (item["downloadURL"].get(url) != simdjson::SUCCESS || url.empty()) return false;
    if (item["region"].get(region) != simdjson::SUCCESS || !is_region(region)) region = {};
    sources.push_back({std::string(region), std::string(url)});
    return true;
}

}  // namespace

base::Result<std::vector<BundleSource>> parse_bundle_sources(const std::string& where, std::string_view body) {
    const auto wrong = [&](const std::string& what) {
        return base::fail(base::ErrorKind::protocol,
                          where + ": " + what + "; look whether --api-url is that of the DevOps API");
    };
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (body.empty() || parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS)
        return wrong("the answer is not JSON");
    std::vector<BundleSource> sources;
    simdjson::dom::array items;
    if (root.get(items) == simdjson::SUCCESS) {
        for (const simdjson::dom::element item : items)
            if (sources.size() == most_sources || !add_source(item, sources))
                return wrong("the answer has something in it that is no bundle's address");
    } else if (!add_source(root, sources)) {
        return wrong("the answer has no downloadURL");
    }
    if (sources.empty()) return wrong("the database has no bundle");
    return sources;
}

base::Result<std::vector<BundleSource>> choose_sources(std::vector<BundleSource> sources, const std::string& region,
                                                       bool wants_all) {
    if (wants_all) return sources;
    std::string regions;
    for (const BundleSource& source : sources) regions += (regions.empty() ? "" : ", ") + source.region;
    if (region.empty()) {
        if (sources.size() == 1) return sources;
        return base::fail(base::ErrorKind::bad_input,
                          "the database has several regions (" + regions + "); name one with --region, or take --all");
    }
    std::erase_if(sources, [&](const BundleSource& source) { return source.region != region; });
    if (sources.empty())
        return base::fail(base::ErrorKind::bad_input, "the database has no region '" + region + "'" +
                                                          (regions.empty() ? std::string() : "; it has " + regions));
    return sources;
}

}  // namespace crossfade::cli
