// Prints the rows that a statement gives, one a line, from a cluster that a secure connect bundle leads to: columns
// between tabs, as text for people. The token comes from the environment: arguments can be seen by everybody on the
// machine.
//
//     CROSSFADE_TOKEN=AstraCS:… rows /path/to/secure-connect.zip "SELECT id, email FROM shop.users"
#include <cstdio>
#include <cstdlib>
#include <string>

#include <crossfade/crossfade.hpp>

int main(int count, char** arguments) {
    const char* const token = std::getenv("CROSSFADE_TOKEN");
    if (count != 3 || token == nullptr) {
        std::fprintf(stderr, "usage: CROSSFADE_TOKEN=… %s BUNDLE STATEMENT\n", arguments[0]);
        return 2;
    }
    try {
        auto cluster = crossfade::Cluster::build_new_cluster(
            crossfade::ClusterOptions{}.username("token").password(token).secure_connect_bundle(arguments[1]));
        auto session = cluster.connect();
        for (const crossfade::Row row : session.execute(arguments[2])) {
            std::string line;
            for (std::size_t i = 0; i < row.column_count(); ++i) {
                if (i > 0) line += '\t';
                line += row.to_text(i);
            }
            std::printf("%s\n", line.c_str());
        }
        session.close();
        cluster.close();
    } catch (const crossfade::Error& error) {
        std::fprintf(stderr, "%s: %s\n", crossfade::name_of(error.code()), error.what());
        return 1;
    }
    return 0;
}
