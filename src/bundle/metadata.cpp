#include "bundle/metadata.hpp"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/json_text.hpp"

namespace crossfade::bundle {
namespace {

constexpr std::size_t most_name = 255, most_message = 300;

tl::unexpected<base::Error> wrong(const std::string& where, const std::string& what) {
    return base::fail(base::ErrorKind::protocol, where + ": the metadata document " + what);
}

// Host ids and names go into TLS and DNS: no spaces, no control characters.
bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= most_name &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<std::string> word_at(const simdjson::dom::element& object, const char* name) {
    std::string_view text;
    if (object[name].get(text) != simdjson::SUCCESS || !is_word(text)) return std::nullopt;
    return std::string(text);
}

// What the service itself says about its failure.
std::string message_in(const net::HttpResponse& answer) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view text;
    if (answer.body.size() > largest_metadata || parser.parse(answer.body).get(root) != simdjson::SUCCESS ||
        root["message"].get(text) != simdjson::SUCCESS)
        return "";
    std::string message(text.substr(0, most_message));
    std::replace_if(
        message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return message.empty() ? "" : " (" + message + ")";
}

std::string advice_for(int status) {
    if (status == 401 || status == 503)
        return "the database is probably hibernated or still starting; wake it up in its console or wait, and ask "
               "again";
    if (status == 403) return "this bundle's certificate counts no more; download the bundle again";
    if (status == 404) return "there is no such database any more, or the bundle names another service";
    return "look at the state of the database, and ask again";
}

}  // namespace

base::Result<Metadata> parse_metadata(const std::string& where, std::string_view document) {
    if (document.size() > largest_metadata) return wrong(where, "is larger than 1 MiB");
    simdjson::dom::parser parser;
    simdjson::dom::element root, contact;
    // simdjson must not be given the null that an empty view may be.
    if (document.empty() || parser.parse(document.data(), document.size()).get(root) != simdjson::SUCCESS ||
        !root.is_object())
        return wrong(where, "is no JSON object");
    if (root["contact_info"].get(contact) != simdjson::SUCCESS || !contact.is_object())
        return wrong(where, "lacks contact_info");
    Metadata metadata;
    metadata.region = word_at(root, "region").value_or("");
    const auto local = word_at(contact, "local_dc");
    if (!local) return wrong(where, "lacks contact_info.local_dc");
    metadata.local_datacenter = *local;
    const auto proxy = word_at(contact, "sni_proxy_address");
    if (!proxy) return wrong(where, "lacks contact_info.sni_proxy_address");
    const auto address = net::parse_address(*proxy, 0);
    if (!address || address->port == 0)
        return wrong(where, "has '" + *proxy + "' as contact_info.sni_proxy_address, which is not HOST:PORT");
    metadata.sni_proxy = *address;
    simdjson::dom::array points;
    if (contact["contact_points"].get(points) != simdjson::SUCCESS)
        return wrong(where, "lacks contact_info.contact_points");
    for (const simdjson::dom::element point : points) {
        std::string_view text;
        if (point.get(text) != simdjson::SUCCESS || !is_word(text))
            return wrong(where, "has something in contact_info.contact_points that is no host id");
        if (metadata.contact_points.size() == most_contact_points)
            return wrong(where, "has more than " + std::to_string(most_contact_points) + " contact points");
        metadata.contact_points.emplace_back(text);
    }
    if (metadata.contact_points.empty())
        return wrong(where, "has no contact points: no node is up; look at the state of the database");
    return metadata;
}

base::Result<Metadata> read_metadata_answer(const std::string& where, const net::HttpResponse& answer) {
    if (answer.status != 200)
        return base::fail(base::ErrorKind::unavailable,
                          where + ": the metadata service answered with HTTP status " + std::to_string(answer.status) +
                              message_in(answer) + "; " + advice_for(answer.status),
                          answer.status);
    if (answer.content_type.find("json") == std::string::npos)
        return base::fail(base::ErrorKind::protocol,
                          where + ": the answer is not JSON but '" + answer.content_type.substr(0, 60) +
                              "'; host and port of config.json are probably not those of a metadata service");
    return parse_metadata(where, answer.body);
}

std::string to_json(const Metadata& metadata) {
    base::JsonList points;
    for (const std::string& point : metadata.contact_points) points.add(base::json_quoted(point));
    base::JsonObject contact;
    contact.field("type", "sni_proxy")
        .field("local_dc", metadata.local_datacenter)
        .raw("contact_points", points.text())
        .field("sni_proxy_address", net::to_text(metadata.sni_proxy));
    base::JsonObject root;
    root.field("version", 1);
    if (!metadata.region.empty()) root.field("region", metadata.region);
    return root.raw("contact_info", contact.text()).text();
}

}  // namespace crossfade::bundle
