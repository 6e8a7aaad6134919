// What libcrossfade costs: prepared single-row SELECTs from one loop over one connection, so many at a time. Prints one
// JSON line. Exit 1 when an answer was wrong, 30 when it could not run. See README.md.
#include <CLI/CLI.hpp>

#include <ctime>

#include <chrono>
#include <cstdio>
#include <string>

#include "crossfade/crossfade.hpp"

namespace {

struct Options {
    std::string node = "127.0.8.31:9042", text = "SELECT k, v FROM stub.kv WHERE k = ?";
    int in_flight = 512, version = 4;
    double seconds = 1.5, warm_up = 0.3;
};

// CPU time of this process, all threads, user and system.
double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}
double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Executes again from inside each callback.
class Load {
public:
    Load(const crossfade::Session& session, crossfade::EventLoop& loop, const Options& options)
        : session_(session), select_(session.prepare(options.text).bind(std::string(32, 'k'))), loop_(loop) {
        begin_ = seconds() + options.warm_up;
        end_ = begin_ + options.seconds;
        for (int i = 0; i < options.in_flight; ++i) ask();
    }

    int report(const Options& options) const {
        const double operations = static_cast<double>(counted_);
        std::printf(
            "{\"in_flight\": %d, \"version\": %d, \"operations\": %llu, \"wrong\": %llu, \"ops_s\": %.0f, "
            "\"cpu_us_per_op\": %.3f}\n",
            options.in_flight, options.version, static_cast<unsigned long long>(counted_),
            static_cast<unsigned long long>(wrong_), operations / (ended_ - began_), cpu_ * 1e6 / operations);
        return wrong_ == 0 && counted_ > 0 ? 0 : 1;
    }

private:
    void ask() {
        ++under_way_;
        session_.execute(select_, [this](crossfade::Outcome<crossfade::ResultSet> outcome) { read(outcome); });
    }
    void read(const crossfade::Outcome<crossfade::ResultSet>& outcome) {
        --under_way_;
        if (!outcome || outcome.value().first_row().get_column<crossfade::BlobView>("v").size() != 100) ++wrong_;
        if (is_counting_) ++counted_;
        // A look at the clock each 64 answers: often enough for a window of a second.
        if (++answers_ % 64 == 0) look();
        if (!is_over_)
            ask();
        else if (under_way_ == 0)
            loop_.stop();
    }
    void look() {
        const double now = seconds();
        if (!is_counting_ && !is_over_ && now >= begin_) {
            is_counting_ = true;
            began_ = now;
            cpu_ = -cpu_seconds();
        } else if (is_counting_ && now >= end_) {
            is_counting_ = false;
            is_over_ = true;
            ended_ = now;
            cpu_ += cpu_seconds();
        }
    }

    const crossfade::Session& session_;
    const crossfade::BoundStatement select_;
    crossfade::EventLoop& loop_;
    double begin_ = 0, end_ = 0, began_ = 0, ended_ = 0, cpu_ = 0;
    unsigned long long answers_ = 0, counted_ = 0, wrong_ = 0;
    int under_way_ = 0;
    bool is_counting_ = false, is_over_ = false;
};

}  // namespace

int main(int count, char** arguments) {
    Options options;
    CLI::App app("Measures libcrossfade against one node.");
    app.add_option("--node", options.node, "where the node listens");
    app.add_option("--in-flight", options.in_flight, "requests at a time");
    app.add_option("--protocol", options.version, "3, 4 or 5");
    app.add_option("--seconds", options.seconds, "what is counted");
    app.add_option("--warm-up", options.warm_up, "seconds before that");
    app.add_option("--statement", options.text, "with one text marker, and a column v of 100 bytes");
    CLI11_PARSE(app, count, arguments);
    try {
        crossfade::EventLoop loop;
        const auto cluster = crossfade::Cluster::build_new_cluster(
            crossfade::ClusterOptions{}
                .contact_points(options.node)
                .protocol_version(static_cast<crossfade::ProtocolVersion>(options.version))
                .event_loop(loop));
        const auto session = cluster.connect();
        Load load(session, loop, options);
        loop.run();
        session.close();
        cluster.close();
        return load.report(options);
    } catch (const crossfade::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 30;
    }
}
