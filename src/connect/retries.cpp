#include "connect/retries.hpp"

namespace crossfade::connect {

Next after_error(const cql::ErrorMessage& error, bool is_repeatable, std::uint8_t attempts) {
    if (attempts >= most_attempts) return Next::answer;
    switch (error.code) {
        case cql::ErrorCode::unavailable:
            // Not executed. Another coordinator may see more nodes; a third one will not.
            return attempts == 1 ? Next::other_node : Next::answer;
        case cql::ErrorCode::is_bootstrapping:
            return Next::other_node;
        case cql::ErrorCode::overloaded:
        case cql::ErrorCode::server_error:
        case cql::ErrorCode::truncate_error:
            return is_repeatable ? Next::other_node : Next::answer;
        case cql::ErrorCode::read_timeout:
            // Enough replicas answered, but the one that was to send the data did not: the next time another one is.
            return is_repeatable && attempts == 1 && error.received >= error.required && !error.data_present
                       ? Next::again
                       : Next::answer;
        case cql::ErrorCode::write_timeout:
            // The batch is not in the batch log yet: none of it was executed.
            return is_repeatable && attempts == 1 && error.write_type == "BATCH_LOG" ? Next::again : Next::answer;
        default:
            return Next::answer;
    }
}

bool is_data_write(const cql::Statement& statement) {
    return statement.verb == cql::Verb::insert || statement.verb == cql::Verb::update ||
           statement.verb == cql::Verb::delete_rows || statement.verb == cql::Verb::batch;
}

bool is_read(const cql::Statement& statement) {
    return statement.verb == cql::Verb::select || statement.verb == cql::Verb::list ||
           statement.verb == cql::Verb::describe;
}

bool is_repeatable(const cql::Statement& statement) {
    if (is_read(statement)) return true;
    return is_data_write(statement) && !statement.is_conditional && !statement.calls_time_or_chance &&
           !statement.may_be_counter && !statement.places_list;
}

}  // namespace crossfade::connect
