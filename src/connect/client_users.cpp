#include "connect/client_users.hpp"

namespace crossfade::connect {
namespace {

// Takes as long for every password of one length, however much of it is right.
bool equal_secretly(std::string_view given, std::string_view right) {
    unsigned difference = given.size() == right.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i)
        difference |= static_cast<unsigned char>(given[i]) ^
                      static_cast<unsigned char>(right.empty() ? '\0' : right[i % right.size()]);
    return difference == 0;
}

}  // namespace

base::Result<ClientUsers> parse_client_users(const std::string& where, std::string_view text) {
    ClientUsers users;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) continue;
        const std::string place = where + ":" + std::to_string(number) + ": ";
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size())
            return base::fail(base::ErrorKind::bad_input, place + "a user is written as name:password");
        const std::string name(line.substr(0, colon));
        if (!users.emplace(name, base::Secret<std::string>(std::string(line.substr(colon + 1)))).second)
            return base::fail(base::ErrorKind::bad_input, place + "'" + name + "' is there twice; keep one of them");
    }
    if (users.empty())
        return base::fail(base::ErrorKind::bad_input, where + ": has no user; write one a line, as name:password");
    return users;
}

base::Result<void> check_user(const ClientUsers& users, const nodes::Credentials& credentials) {
    const auto found = users.find(credentials.username);
    const std::string_view right = found == users.end() ? std::string_view() : found->second.reveal();
    if (equal_secretly(credentials.password, right) && found != users.end()) return {};
    return base::fail(base::ErrorKind::authentication, "Provided username and/or password are incorrect");
}

}  // namespace crossfade::connect
