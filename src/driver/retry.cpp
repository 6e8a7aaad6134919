#include "driver/retry.hpp"

#include "cql/protocol.hpp"

namespace crossfade::driver {

std::optional<Failure> failure_of(const base::Error& error) {
    if (error.kind == base::ErrorKind::connection || error.kind == base::ErrorKind::protocol) return Failure::lost;
    if (error.kind != base::ErrorKind::server) return std::nullopt;
    switch (static_cast<cql::ErrorCode>(error.server_code)) {
        case cql::ErrorCode::overloaded:
        case cql::ErrorCode::is_bootstrapping:
            return Failure::overloaded;
        case cql::ErrorCode::unavailable:
            return Failure::unavailable;
        case cql::ErrorCode::read_timeout:
            return Failure::read_timeout;
        case cql::ErrorCode::write_timeout:
            return Failure::write_timeout;
        default:
            return std::nullopt;
    }
}

bool Retries::again(Failure failure, std::size_t nodes) {
    if (!is_idempotent_) return false;
    switch (failure) {
        case Failure::lost:
            return ++lost_ <= most_lost;
        case Failure::overloaded:
        case Failure::unavailable:
            return ++refused_ < nodes;
        case Failure::read_timeout:
        case Failure::write_timeout:
            return ++timeouts_ <= 1;
    }
    return false;
}

}  // namespace crossfade::driver
