// Prints the release version of a cluster that a secure connect bundle leads to. The token comes from the environment:
// arguments can be seen by everybody on the machine.
//
//     CROSSFADE_TOKEN=AstraCS:… bundle /path/to/secure-connect.zip
#include <cstdio>
#include <cstdlib>
#include <string>

#include <crossfade/crossfade.hpp>

int main(int count, char** arguments) {
    const char* const token = std::getenv("CROSSFADE_TOKEN");
    if (count != 2 || token == nullptr) {
        std::fprintf(stderr, "usage: CROSSFADE_TOKEN=… %s BUNDLE\n", arguments[0]);
        return 2;
    }
    try {
        auto cluster = crossfade::Cluster::build_new_cluster(
            crossfade::ClusterOptions{}.username("token").password(token).secure_connect_bundle(arguments[1]));
        auto session = cluster.connect();
        auto result_set = session.execute("select release_version from system.local");
        auto release_version = result_set.first_row().get_column<std::string>("release_version");
        std::printf("%s\n", release_version.c_str());
        session.close();
        cluster.close();
    } catch (const crossfade::Error& error) {
        std::fprintf(stderr, "%s: %s\n", crossfade::name_of(error.code()), error.what());
        return 1;
    }
    return 0;
}
