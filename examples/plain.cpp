// Prints the release version of a cluster that contact points lead to.
//
//     plain 10.20.30.40 [USER PASSWORD]
#include <cstdio>
#include <string>

#include <crossfade/crossfade.hpp>

int main(int count, char** arguments) {
    if (count != 2 && count != 4) {
        std::fprintf(stderr, "usage: %s CONTACT_POINTS [USER PASSWORD]\n", arguments[0]);
        return 2;
    }
    try {
        auto options = crossfade::ClusterOptions{}.contact_points(arguments[1]);
        if (count == 4) options.username(arguments[2]).password(arguments[3]);
        auto cluster = crossfade::Cluster::build_new_cluster(options);
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
