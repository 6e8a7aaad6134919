// The HTTP port that tests and benchmarks talk to. Answers are JSON.
//
//   GET  /counts             what was asked, over all workers
//   GET  /writes             the last writes: table, verb, key, default timestamp; at most 10,000 for each worker
//   GET  /settings           how it behaves
//   POST /set {"name": v, …} changes settings, all or none
//   POST /reset              counts to zero, writes forgotten
//   POST /forget             forgets every prepared statement now
//   POST /close_connections  closes every CQL connection now
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "stub_node/worker.hpp"

namespace crossfade::lab {

class Control {
public:
    // `workers` outlive it; it lives on the first one's loop. Before that runs.
    Control(Node& node, std::vector<std::unique_ptr<Worker>>& workers) : node_(node), workers_(workers) {}
    // Errors: connection.
    base::Result<net::Address> listen(const net::Address& address);

private:
    void handle(const net::HttpRequest& request, const net::HttpReply& reply);
    std::string set(const std::string& body);  // gives what is wrong; empty when nothing is
    // Runs `visit` for each worker on its thread, then answers with what `finish` gives.
    void ask_workers(std::function<void(Worker&)> visit, std::function<std::string()> finish, net::HttpReply reply);

    Node& node_;
    std::vector<std::unique_ptr<Worker>>& workers_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace crossfade::lab
