// Astra's DevOps API, as far as bundles need it. Blocking: for commands.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "cli/devops_answer.hpp"
#include "net/url.hpp"

namespace crossfade::cli {

constexpr const char* astra_api_url = "https://api.astra.datastax.com";

struct DevopsQuestion {
    std::string api_url = astra_api_url;
    std::string api_url_flag, database_id_flag;  // for messages: "--api-url"
    std::string database_id;
    base::Secret<std::string> token;
    std::chrono::milliseconds patience{60000};  // for each answer
};

// A token, or an address that lets anybody in, does not travel in the clear: https, or this machine. Errors: bad_input,
// beginning with `what`.
base::Result<net::Url> safe_url(const std::string& text, const std::string& what);
// Letters, digits and dashes.
bool is_database_id(const std::string& text);

// The bundles of all regions of a database. Errors: bad_input (the URL), server (what the API says, and what to do),
// protocol, connection, timeout.
base::Result<std::vector<BundleSource>> ask_bundle_sources(const DevopsQuestion& question);
// The zip file there, unopened. `where` begins the errors; they are server, connection, timeout, bad_input.
base::Result<std::string> fetch_bundle(const BundleSource& source, const std::string& where,
                                       std::chrono::milliseconds patience);

}  // namespace crossfade::cli
