"""A gateway and whoever comes with something else, in front of two stub nodes: each is told in the right words, has a line in the audit log, and costs
the others nothing."""
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import struct
import threading
import time
import uuid

import pytest
import stub_nodes
from made_certificates import Authority
from running_gateway import HOST, OPTIONS, RunningGateway
from running_proxy import wait_for

NODES = ["127.0.0.121", "127.0.0.122"]
BAD_CREDENTIALS, PROTOCOL_ERROR, IS_BOOTSTRAPPING = 0x0100, 0x000A, 0x1002
ERROR, AUTHENTICATE, AUTH_SUCCESS = 0x00, 0x03, 0x10
STARTUP, QUERY, RESULT, AUTH_RESPONSE = 0x01, 0x07, 0x08, 0x0F


@pytest.fixture(scope="module")
def nodes():
    with stub_nodes.cluster(NODES, cluster_name="stubs", id_salt="stubs") as running:
        yield running
        for node in running:  # also those that a test has started anew
            node.stop()


@pytest.fixture(scope="module")
def gateway(crossfade, nodes, tmp_path_factory):
    running = RunningGateway(crossfade, tmp_path_factory.mktemp("gateway") / "dir", NODES[0])
    yield running
    running.stop()


class Client:
    """A connection of protocol v4 through TLS, one message at a time."""

    def __init__(self, gateway, name=None, context=None):
        self.socket = (context or gateway.context()).wrap_socket(socket.create_connection((HOST, gateway.port), timeout=30), server_hostname=name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def send(self, opcode, body):
        self.socket.sendall(struct.pack(">BBhBi", 4, 0, 1, opcode, len(body)) + body)

    def start(self):
        self.send(STARTUP, b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0")

    def log_in(self, token):
        self.send(AUTH_RESPONSE, struct.pack(">i", len(token)) + token)

    def receive(self):
        """Opcode and body of the next message."""
        head = self._exactly(9)
        return head[4], self._exactly(struct.unpack(">i", head[5:])[0])

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            assert more, f"the connection ended after {len(data)} bytes of {count}"
            data += more
        return data

    def error(self):
        """Code and text of the error that must come next; then the gateway closes."""
        opcode, body = self.receive()
        assert opcode == ERROR, body
        assert self.socket.recv(1) == b""
        return struct.unpack(">i", body[:4])[0], body[6:].decode()


@pytest.fixture(scope="module")
def host_ids(gateway):
    """Those of both nodes, as the official driver finds them through the gateway."""
    session = gateway.connect()
    found = {host.broadcast_rpc_address: str(host.host_id) for host in session.cluster.metadata.all_hosts()}
    session.cluster.shutdown()
    return [found[address] for address in NODES]


class Other(Client):
    """An application that has nothing to do with it: it has logged in, and is served by the first node whatever happens."""

    def __init__(self, gateway, name):
        super().__init__(gateway, name)
        self.start()
        assert self.receive()[0] == AUTHENTICATE
        self.log_in(b"\0token\0" + gateway.token.encode())
        assert self.receive()[0] == AUTH_SUCCESS
        self.socket.settimeout(3)

    def is_served(self):
        text = b"SELECT key FROM system.local"
        self.send(QUERY, struct.pack(">i", len(text)) + text + b"\x00\x01\x00")
        return self.receive()[0] == RESULT


@pytest.fixture(autouse=True)
def other(gateway, host_ids):
    with Other(gateway, host_ids[0]) as one:
        yield one
        assert one.is_served()


# --- certificates and names ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("port", ["cql", "metadata"])
def test_wrong_certificates_get_the_alert_that_tells_why(gateway, tmp_path, port):
    number = gateway.port if port == "cql" else gateway.metadata_port

    def alert(files):
        return gateway.alert(gateway.context(files), port=number)

    assert "CERTIFICATE_REQUIRED" in alert(())
    assert "UNKNOWN_CA" in alert(Authority(tmp_path / "foreign", "Foreign Root").issue("stranger"))
    assert "CERTIFICATE_EXPIRED" in alert(gateway.authority(tmp_path / "own").issue("late", days=-1))
    # A root of the same name, with another key.
    root = gateway.authority(tmp_path / "own").name.rfc4514_string().removeprefix("CN=")
    assert alert(Authority(tmp_path / "namesake", root).issue("stranger")).split("ALERT_")[-1] in ("DECRYPT_ERROR", "UNKNOWN_CA", "BAD_CERTIFICATE")
    reasons = [line["reason"] for line in gateway.audit("tls_refused") if line["port"] == port]
    for words, count in (("peer did not return a certificate", 1), ("certificate is not accepted (certificate has expired)", 1), ("is not accepted", 3)):
        assert len([reason for reason in reasons if words in reason]) >= count, reasons


def test_server_names_that_nobody_has_are_refused_and_named(gateway):
    stranger = str(uuid.uuid4())
    for name in (stranger, "other.example.org"):
        assert "UNRECOGNIZED_NAME" in gateway.alert(gateway.context(), name)
        assert any(f"'{name}'" in line["reason"] for line in gateway.audit("tls_refused"))


def test_a_node_is_found_by_its_name_in_any_case_and_some_node_without_one(gateway, host_ids):
    for name in (*host_ids, host_ids[1].upper(), None):
        with Client(gateway, name) as client:
            client.start()
            assert client.receive()[0] == AUTHENTICATE


# --- another protocol ---------------------------------------------------------------------------------------------------------------

def test_who_speaks_another_protocol_is_told_in_it(gateway):
    def refused(event, words):
        return any(words in line["reason"] for line in gateway.audit(event))

    for port in (gateway.port, gateway.metadata_port):
        assert gateway.said(port, OPTIONS)[:2] == b"\x15\x03"  # a TLS alert
        assert gateway.said(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert {line["port"] for line in gateway.audit("tls_refused") if "http request" in line["reason"]} == {"cql", "metadata"}
    assert {line["port"] for line in gateway.audit("tls_refused") if "wrong version number" in line["reason"]} == {"cql", "metadata"}
    assert gateway.said(gateway.port, b"GET /metadata HTTP/1.1\r\nHost: x\r\n\r\n", gateway.context()).startswith(b"HTTP/1.1 400 ")
    assert refused("login_refused", "HTTP was spoken to the CQL port")
    assert gateway.said(gateway.metadata_port, OPTIONS + b"\r\n\r\n", gateway.context()).startswith(b"HTTP/1.1 400 ")
    assert refused("metadata_refused", "this is no HTTP request")


def test_what_the_metadata_service_does_not_have_is_an_http_status(gateway):
    connection = http.client.HTTPSConnection(HOST, gateway.metadata_port, context=gateway.context(), timeout=20)
    for method, path, status in (("GET", "/", 404), ("GET", "/metadata/x", 404), ("POST", "/metadata", 405)):
        connection.request(method, path)
        answer = connection.getresponse()
        assert answer.status == status and "metadata" in json.loads(answer.read())["message"]
        assert {"status": status, "reason": f"{method} {path}"}.items() <= gateway.audit("metadata_refused")[-1].items()
    long = gateway.said(gateway.metadata_port, b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", gateway.context())
    assert long.startswith(b"HTTP/1.1 431 ")
    assert gateway.audit("metadata_refused")[-1]["status"] == 431


# --- before the login ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("token", [b"", b"token", b"\0token", b"AstraCS:secret-in-the-wrong-place\0x", b"\0token\0", b"\0\0AstraCS:x", b"\0token\0x\0y",
                                   b"\0AstraCS:secret-in-the-wrong-place\0x", b"\xff\xfe\0\x80\0\xc3\x28", b"\0token\0AstraCS:" + b"x" * 60_000])
def test_tokens_of_the_wrong_form_are_bad_credentials(gateway, token):
    before = len(gateway.audit("login_refused"))
    with Client(gateway) as client:
        client.start()
        assert client.receive()[0] == AUTHENTICATE
        client.log_in(token)
        code, text = client.error()
    assert code == BAD_CREDENTIALS and "incorrect" in text
    new = gateway.audit("login_refused")[before:]
    assert [line["reason"] for line in new] in (["no token"], ["unknown token"])
    assert "secret-in-the-wrong-place" not in (gateway.folder / "audit.log").read_text() + gateway.log.read_text()


@pytest.mark.parametrize("data, words", [
    (struct.pack(">BBhBi", 4, 0, 1, 7, 4) + b"\0\0\0\0", "expecting STARTUP or OPTIONS"),
    (struct.pack(">BBhBi", 4, 0, 1, STARTUP, 1 << 20), "longer than is allowed"),
    (struct.pack(">BBhBi", 4, 0, 1, STARTUP, 2) + b"\0\0", "CQL_VERSION"),
    (struct.pack(">BBhBi", 0x84, 0, 1, 8, 0), "response frame"),
])
def test_what_is_no_login_is_a_protocol_error(gateway, data, words):
    with Client(gateway) as client:
        client.socket.sendall(data)
        code, text = client.error()
    assert code == PROTOCOL_ERROR and words in text
    assert gateway.audit("login_refused")[-1]["reason"] == text


def memory_of(process):
    """Resident, in MB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_who_asks_without_end_and_reads_nothing_is_let_go(gateway):
    before = memory_of(gateway.process)
    with Client(gateway) as client:
        with pytest.raises((ConnectionError, ssl.SSLError)):
            until = time.monotonic() + 20
            while time.monotonic() < until:
                client.socket.sendall(OPTIONS * 7000)
    assert gateway.audit("login_refused")[-1]["reason"] == "it takes no answers"
    assert memory_of(gateway.process) - before < 40


# 10 s for the handshake, 20 s for the login.
@pytest.mark.long
def test_who_never_ends_the_handshake_or_the_login_is_let_go(gateway):
    silent = socket.create_connection((HOST, gateway.port))
    half = socket.create_connection((HOST, gateway.port))
    half.sendall(b"\x16\x03\x01\x02\x00\x01")
    logs_in = Client(gateway)
    logs_in.start()
    assert logs_in.receive()[0] == AUTHENTICATE
    ours = {"{}:{}".format(*one.getsockname()) for one in (silent, half)}
    for one in (silent, half):
        one.settimeout(20)
        assert one.recv(1) == b""
    assert ours <= {line["peer"] for line in gateway.audit("tls_refused") if "took longer" in line["reason"]}
    assert logs_in.socket.recv(1) == b""
    assert gateway.audit("login_refused")[-1]["reason"] == "it took longer than 20 s"
    for one in (silent, half, logs_in.socket):
        one.close()


def test_handshakes_that_never_end_keep_nobody_out(gateway):
    silent = [socket.create_connection((HOST, gateway.port)) for _ in range(200)]
    half = [socket.create_connection((HOST, gateway.port)) for _ in range(50)]
    for one in half:
        one.sendall(b"\x16\x03\x01\x02\x00\x01")
    assert gateway.connect().execute("SELECT key FROM system.local").one().key == "local"
    for one in silent + half:
        one.close()


@pytest.mark.long
def test_ten_thousand_wrong_logins_cost_others_nothing(gateway):
    token = b"\0token\0AstraCS:none:" + b"0" * 64
    context, failed = gateway.context(), []

    def many(count):
        try:
            for _ in range(count):
                with Client(gateway, context=context) as client:
                    client.start()
                    assert client.receive()[0] == AUTHENTICATE
                    client.log_in(token)  # and does not wait
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=many, args=(625,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    slowest = 0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        session = gateway.connect()
        session.execute("SELECT key FROM system.local")
        session.cluster.shutdown()
        slowest = max(slowest, time.monotonic() - began)
    assert not failed
    assert slowest < 15

    def counted():
        left_out = sum(line["lines"] for line in gateway.audit("left_out") if line["of"] == "login_refused")
        return left_out + len([line for line in gateway.audit("login_refused") if line["reason"] == "unknown token"])

    wait_for(lambda: counted() >= 10_000, 20)
    # Who got in meanwhile is in the log, however many did not.
    assert len(gateway.audit("login")) > 0 and not [line for line in gateway.audit("left_out") if line["of"] == "login"]
    # None of it is left, here or at the nodes.
    wait_for(lambda: len(os.listdir(f"/proc/{gateway.process.pid}/fd")) < 100, 20)


# --- a backend that is gone ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def second(nodes, gateway, host_ids):
    """The second node, which the test may take away; (node, its host id)."""
    host_id = host_ids[1]
    yield nodes[1], host_id
    nodes[1].process.send_signal(signal.SIGCONT)
    if nodes[1].process.poll() is not None:
        nodes[1] = stub_nodes.StubNode(NODES[1], peers=NODES, cluster_name="stubs", id_salt="stubs")

    def is_back():
        with Client(gateway, host_id) as client:
            client.start()
            return client.receive()[0] == AUTHENTICATE
    wait_for(is_back)


def test_a_node_that_is_gone_is_told_before_the_credentials(gateway, second):
    node, host_id = second
    node.stop()
    with Client(gateway, host_id) as client:
        client.start()
        code, text = client.error()
    assert code == IS_BOOTSTRAPPING and host_id in text and "cannot be reached" in text
    assert gateway.audit("node_unreachable")[-1]["server_name"] == host_id


def test_a_node_that_goes_during_the_login_is_no_wrong_password(gateway, second):
    node, host_id = second
    with Client(gateway, host_id) as client:
        client.start()
        assert client.receive()[0] == AUTHENTICATE
        node.stop()
        client.log_in(b"\0token\0" + gateway.token.encode())
        code, text = client.error()
    assert code == IS_BOOTSTRAPPING and "cannot be reached" in text
    assert gateway.audit("login_refused")[-1]["server_name"] == host_id


def test_a_node_that_says_nothing_is_given_up_and_others_are_served_meanwhile(gateway, second, other):
    node, host_id = second
    node.process.send_signal(signal.SIGSTOP)
    with Client(gateway, host_id) as client:
        client.start()
        assert client.receive()[0] == AUTHENTICATE  # the kernel still accepts for it
        began = time.monotonic()
        client.log_in(b"\0token\0" + gateway.token.encode())
        assert other.is_served()
        code, _ = client.error()
    assert code == IS_BOOTSTRAPPING and 4 < time.monotonic() - began < 15


def test_a_node_that_is_lost_ends_its_connections_alone(gateway, second):
    node, host_id = second
    with Client(gateway, host_id) as client:
        client.start()
        assert client.receive()[0] == AUTHENTICATE
        client.log_in(b"\0token\0" + gateway.token.encode())
        assert client.receive()[0] == AUTH_SUCCESS
        node.stop()
        assert client.socket.recv(1) == b""
    wait_for(lambda: any(line["server_name"] == host_id for line in gateway.audit("node_lost")))


def test_a_gateway_that_starts_while_a_node_is_gone_names_it_when_it_is_back(crossfade, nodes, second, host_ids, tmp_path):
    """The other node's tables have it, and no event will come for it: without looking it would be named to every new application."""
    own = RunningGateway(crossfade, tmp_path / "dir", NODES[0])

    def contact_points():
        connection = http.client.HTTPSConnection(HOST, own.metadata_port, context=own.context(), timeout=20)
        connection.request("GET", "/metadata")
        found = json.loads(connection.getresponse().read())["contact_info"]["contact_points"]
        connection.close()
        return sorted(found)

    try:
        assert contact_points() == sorted(host_ids)
        own.process.terminate()
        own.process.wait(timeout=15)
        second[0].stop()
        own.start()
        assert contact_points() == [host_ids[0]]
        nodes[1] = stub_nodes.StubNode(NODES[1], peers=NODES, cluster_name="stubs", id_salt="stubs")
        wait_for(lambda: contact_points() == sorted(host_ids), 20)
    finally:
        own.stop()


def test_a_cluster_that_is_away_is_told(crossfade, nodes, tmp_path):
    own = RunningGateway(crossfade, tmp_path / "dir", NODES[0])
    own.stop()
    settings = own.folder / "gateway.json"
    settings.write_text(settings.read_text().replace(NODES[0] + ":9042", "127.0.0.1:1"))
    own.start()
    try:
        connection = http.client.HTTPSConnection(HOST, own.metadata_port, context=own.context(), timeout=20)
        connection.request("GET", "/metadata")
        answer = connection.getresponse()
        assert answer.status == 503 and "not been reached" in json.loads(answer.read())["message"]
        assert own.audit("metadata_refused")[-1]["status"] == 503
        with Client(own) as client:
            client.start()
            assert client.error()[0] == IS_BOOTSTRAPPING
        assert own.audit("node_unreachable")
    finally:
        own.stop()
