"""What bench/proxy, bench/connect and bench/gateway measure, and HAProxy as a TCP relay, each in front of stub nodes."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lab"))
import stub_nodes  # noqa: E402

ORIGIN = ["127.0.8.11", "127.0.8.12", "127.0.8.13"]
TARGET = ["127.0.8.21", "127.0.8.22", "127.0.8.23"]
PROXY, HAPROXY, CONNECT, PORT, ADMIN_PORT = "127.0.8.1", "127.0.8.2", "127.0.8.3", 9042, 14001
GATEWAY, METADATA_PORT = "127.0.8.4", 29080


class BenchError(Exception):
    pass


class Relay:
    """A process to send requests through, and what the load generator must know besides. process_id None: nothing is in between."""

    def __init__(self, name, to, process=None, load_arguments=(), load_environment=None):
        self.name, self.to, self.load_arguments, self.load_environment = name, to, load_arguments, load_environment or {}
        self.process_id = process.pid if process else None


@contextlib.contextmanager
def _process(arguments, name, ready_at, cpus):
    """Runs until the with block ends; yields when something listens at (address, port)."""
    with tempfile.TemporaryFile() as output:
        def begin():
            stub_nodes.end_with_parent()
            if cpus:
                os.sched_setaffinity(0, cpus)
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=begin)
        try:
            deadline = time.monotonic() + 30
            while not _listens(*ready_at):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise BenchError(f"{name} did not come up:\n" + output.read()[-4000:].decode(errors="replace"))
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


def proxy(origin, target, threads, folder, cpus):
    """The proxy between two clusters of stub nodes. Context manager of its Popen."""
    arguments = [stub_nodes.program("crossfade"), "proxy", "--origin", ",".join(node.address for node in origin),
                 "--target", ",".join(node.address for node in target), "--listen", f"{PROXY}:{PORT}", "--admin", f"{PROXY}:{ADMIN_PORT}",
                 "--threads", str(threads), "--state-dir", folder]
    return _process(arguments, "the proxy", (PROXY, PORT), cpus)


def connect(nodes, threads, cpus):
    """`crossfade connect` in front of one cluster of stub nodes. Context manager of its Popen."""
    arguments = [stub_nodes.program("crossfade"), "connect", "--contact-points", ",".join(node.address for node in nodes), "--bind", f"{CONNECT}:{PORT}",
                 "--threads", str(threads)]
    return _process(arguments, "crossfade connect", (CONNECT, PORT), cpus)


class GatewayFolder:
    """The folder of a gateway in front of the node, its bundle unpacked; one event loop, guardrails off, a token without limits."""

    def __init__(self, path, node):
        self.path, self.program = path, stub_nodes.program("crossfade")
        made = subprocess.run([self.program, "gateway", "init", "--dir", path, "--cluster", f"{node.address}:{node.port}", "--name", "bench", "--host",
                               GATEWAY, "--cql-port", str(PORT), "--metadata-port", str(METADATA_PORT)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if made.returncode:
            raise BenchError(made.stderr.strip())
        settings = os.path.join(path, "gateway.json")
        with open(settings, encoding="utf-8") as file:
            whole = json.load(file)
        if whole["threads"] != 0:
            raise BenchError(f"{settings}: threads are not what `gateway init` writes")
        with open(settings, "w", encoding="utf-8") as file:
            json.dump(whole | {"threads": 1}, file)
        with zipfile.ZipFile(next(os.path.join(path, name) for name in os.listdir(path) if name.endswith(".zip"))) as archive:
            archive.extractall(os.path.join(path, "bundle"))
        with open(os.path.join(path, "token"), encoding="utf-8") as file:
            self.token = file.read().strip()
        self.server_files = [os.path.join(path, "pki", name) for name in ("server.crt", "server.key")]
        self.ca = os.path.join(path, "pki", "ca.crt")

    def run(self, cpus):
        """Context manager of the gateway's Popen."""
        return _process([self.program, "gateway", "run", "--dir", self.path], "the gateway", (GATEWAY, PORT), cpus)

    def load_arguments(self):
        """TLS with the bundle's certificate, naming the node that the metadata service names."""
        ca, certificate, key = (os.path.join(self.path, "bundle", name) for name in ("ca.crt", "cert", "key"))
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(certificate, key)
        connection = http.client.HTTPSConnection(GATEWAY, METADATA_PORT, context=context, timeout=10)
        connection.request("GET", "/metadata")
        name = json.loads(connection.getresponse().read())["contact_info"]["contact_points"][0]
        return ["--tls-ca", ca, "--tls-cert", certificate, "--tls-key", key, "--server-name", name]


def haproxy(nodes, folder, cpus, tls=""):
    """HAProxy as a TCP relay with one thread to these nodes, connections in turn; `tls`: what its bind line has besides. Context manager of its Popen."""
    path = os.path.join(folder, "haproxy.cfg")
    servers = "".join(f"    server node{i} {node.address}:{node.port}\n" for i, node in enumerate(nodes))
    with open(path, "w", encoding="ascii") as file:
        file.write("global\n    nbthread 1\n    maxconn 4000\n"
                   "defaults\n    mode tcp\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n"
                   f"frontend clients\n    bind {HAPROXY}:{PORT}{tls}\n    default_backend nodes\n"
                   f"backend nodes\n    balance roundrobin\n{servers}")
    program = next((p for p in ("/usr/sbin/haproxy", "/usr/local/sbin/haproxy") if os.path.exists(p)), None)
    if not program:
        raise BenchError("HAProxy is not installed; setup/install bench does it")
    return _process([program, "-db", "-f", path], "HAProxy", (HAPROXY, PORT), cpus)


@contextlib.contextmanager
def bench(nodes, systems, threads=1, relay_cpus=None):
    """Two clusters of so many stub nodes and the relays in front of them: yields ({system: Relay}, origin, target)."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-bench-"))
        origin = stack.enter_context(stub_nodes.cluster(ORIGIN[:nodes], cluster_name="origin", id_salt="origin"))
        target = stack.enter_context(stub_nodes.cluster(TARGET[:nodes], cluster_name="target", id_salt="target"))
        relays = {}
        if "proxy" in systems:
            process = stack.enter_context(proxy(origin, target, threads, folder, relay_cpus))
            relays["proxy"] = Relay("proxy", f"{PROXY}:{PORT}", process)
        if "haproxy" in systems:
            process = stack.enter_context(haproxy(origin, folder, relay_cpus))
            relays["haproxy"] = Relay("haproxy", f"{HAPROXY}:{PORT}", process)
        if "direct" in systems:
            relays["direct"] = Relay("direct", f"{ORIGIN[0]}:{PORT}")
        yield relays, origin, target


@contextlib.contextmanager
def one_cluster(nodes, systems, threads=1, relay_cpus=None):
    """One cluster of so many stub nodes and the relays in front of it: yields ({system: Relay}, nodes)."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-bench-"))
        cluster = stack.enter_context(stub_nodes.cluster(TARGET[:nodes], cluster_name="target", id_salt="target"))
        relays = {}
        if "connect" in systems:
            relays["connect"] = Relay("connect", f"{CONNECT}:{PORT}", stack.enter_context(connect(cluster, threads, relay_cpus)))
        if "haproxy" in systems:
            relays["haproxy"] = Relay("haproxy", f"{HAPROXY}:{PORT}", stack.enter_context(haproxy(cluster, folder, relay_cpus)))
        if "direct" in systems:
            relays["direct"] = Relay("direct", f"{TARGET[0]}:{PORT}")
        yield relays, cluster


@contextlib.contextmanager
def gateway_and_haproxy(relay_cpus=None):
    """One stub node, and in front of it the gateway and HAProxy, with the same certificate, each demanding the bundle's: yields ({system: Relay}, nodes)."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossfade-bench-"))
        cluster = stack.enter_context(stub_nodes.cluster(TARGET[:1], cluster_name="target", id_salt="target"))
        gateway = GatewayFolder(os.path.join(folder, "gateway"), cluster[0])
        process = stack.enter_context(gateway.run(relay_cpus))
        arguments = gateway.load_arguments()
        both = os.path.join(folder, "server.pem")
        with open(both, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            for part in gateway.server_files:
                with open(part, encoding="ascii") as source:
                    file.write(source.read())
        other = stack.enter_context(haproxy(cluster, folder, relay_cpus, f" ssl crt {both} ca-file {gateway.ca} verify required"))
        yield {"gateway": Relay("gateway", f"{GATEWAY}:{PORT}", process, [*arguments, "--username", "token", "--password-env", "BENCH_TOKEN"],
                                {"BENCH_TOKEN": gateway.token}),
               "haproxy": Relay("haproxy", f"{HAPROXY}:{PORT}", other, arguments)}, cluster
