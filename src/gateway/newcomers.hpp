// Connections that have not logged in yet: each holds a connection to a node, so there are only so many.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace crossfade::gateway {

class Session;

// One for each loop. Pure: who is to give way is only named.
class Newcomers {
public:
    // Of all loops of a gateway together.
    static constexpr std::size_t most_of_gateway = 256;
    // So that one loop of many still has room for an application that starts.
    static constexpr std::size_t fewest_of_loop = 16;

    explicit Newcomers(std::size_t most) : most_(most) {}
    // Each loop's share.
    static std::size_t share_of(std::size_t loops);

    // One more, from `host`. Gives who has to give way for it, who is not counted any more: the oldest of the host that
    // has most, so that whoever opens many connections is in the way of itself. Null: there was room.
    Session* add(Session& session, const std::string& host);
    // It has logged in, or is over. Nothing where it is not counted.
    void remove(const Session& session);
    std::size_t size() const { return places_.size(); }

private:
    using Waiting = std::list<Session*>;  // the oldest first
    struct Place {
        std::string host;
        Waiting::iterator at;
        std::uint64_t number;  // in the order in which they came
    };

    const std::size_t most_;
    std::uint64_t next_number_ = 0;
    std::unordered_map<std::string, Waiting> hosts_;
    std::unordered_map<const Session*, Place> places_;
};

}  // namespace crossfade::gateway
