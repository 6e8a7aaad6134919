"""Real Cassandra clusters on loopback addresses of this machine, for tests and for trying things out.

    import cassandra_lab
    origin = cassandra_lab.start("origin", version="4.1", address="127.0.0.11", nodes=3, heap="384M")
    origin.kill(node=2); origin.restart(node=2); origin.stop()

State lives in .lab/NAME/ of the project, so another process can go on with load(NAME). Only processes recorded
there are ever signalled. All failures are LabError, whose text is meant for the reader.
"""

import contextlib
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import time

import cassandra_settings
import cql_probe
import own_process

LAB = cassandra_settings.PROJECT / ".lab"
CREDENTIALS = ("cassandra", "cassandra")
START_SECONDS = 180


class LabError(Exception):
    """What could not be done, and what to do about it."""


class Node:
    """One node of a cluster. number counts from 1."""

    def __init__(self, cluster, number):
        self._cluster, self.number = cluster, number
        self.address, self.dc = self._record["address"], self._record["dc"]
        self.folder = cluster.folder / f"node{number}"
        self.log = self.folder / "system.log"
        self.output = self.folder / "output.log"

    @property
    def _record(self):
        return self._cluster.record["nodes"][self.number - 1]

    @property
    def process(self):
        return self._record["process"]

    @property
    def process_id(self):
        return self.process["process_id"] if self.alive else None

    @property
    def alive(self):
        return own_process.is_alive(self.process)

    @property
    def answers(self):
        """Whether a client can log in and query now."""
        try:
            cql_probe.check_alone(self.address, self._cluster.credentials, self._cluster.ca_file)
            return True
        except cql_probe.NotReady:
            return False

    def launch(self, seeds):
        cassandra_settings.write_configuration(self._cluster.record, self._record, self.folder, seeds)
        command = cassandra_settings.command_line(self._cluster.record, self._record, self.folder)
        self._record["process"] = own_process.spawn(command, output=self.output, folder=self.folder)
        self._cluster.save()

    def last_lines(self, count=25):
        """What the server itself said last: its errors where it logged any, otherwise the ends of its logs."""
        lines = []
        for path in (self.log, self.output):
            with contextlib.suppress(FileNotFoundError):
                lines += path.read_text(errors="replace").splitlines()
        wrong = [line for line in lines if re.match(r"ERROR|FATAL|Exception|Caused by|Error|.*Exception.*:", line)]
        return "\n".join(f"  {self.address}: {line}" for line in (wrong or lines)[-count:])


class Cluster:
    """A cluster that was started, whether its nodes still run or not."""

    def __init__(self, record):
        self.record = record
        self.name, self.version = record["name"], record["version"]
        self.folder = LAB / self.name
        self.nodes = [Node(self, number + 1) for number in range(len(record["nodes"]))]
        self.addresses = [node.address for node in self.nodes]
        self.dcs = list(dict.fromkeys(node.dc for node in self.nodes))
        self.credentials = CREDENTIALS if record["auth"] else None
        self.ca_file = str(self.folder / "ca.pem") if record["tls"] else None

    def save(self):
        # Renamed into place: a reader, or a next run after a kill, never sees half a record.
        path = self.folder / "cluster.json"
        path.with_suffix(".new").write_text(json.dumps(self.record, indent=1))
        os.replace(path.with_suffix(".new"), path)

    def node(self, number):
        if not 1 <= number <= len(self.nodes):
            raise LabError(f"{self.name} has nodes 1 to {len(self.nodes)}, no {number}")
        return self.nodes[number - 1]

    def stop(self):
        """Ends all nodes that still run and removes their data."""
        for node in self.nodes:
            own_process.send(node.process, signal.SIGKILL)
        shutil.rmtree(self.folder)

    def kill(self, node=1):
        """SIGKILL; returns when the process is gone. Its data stays for restart()."""
        if not own_process.send(self.node(node).process, signal.SIGKILL):
            raise LabError(f"node {node} of {self.name} does not run")

    def restart(self, node=1, timeout_seconds=START_SECONDS):
        """Starts a killed node again with its data; returns when it answers and, all others running, is seen by them."""
        starting = self.node(node)
        if starting.alive:
            raise LabError(f"node {node} of {self.name} runs (process {starting.process_id}); kill it first")
        _refuse_taken_port(starting.address)
        starting.launch([other.address for other in self.nodes if other.alive] or [starting.address])
        deadline = time.monotonic() + timeout_seconds
        self._wait(starting, deadline, self.credentials)
        if all(other.alive for other in self.nodes):
            self._wait_together(deadline)

    def _bring_up(self, deadline, say):
        first, rest = self.nodes[0], self.nodes[1:]
        first.launch([first.address])
        # In a new ring of several nodes the default role waits for a quorum of them: log in only at the end.
        self._wait(first, deadline, None if rest else self.credentials)
        for node in rest:
            node.launch([first.address])
        for node in self.nodes if rest else ():
            self._wait(node, deadline, None)
            say(f"{self.name}: node {node.number} of {len(self.nodes)} answers at {node.address}")
        for node in self.nodes if rest else ():
            self._wait(node, deadline, self.credentials)
        self._wait_together(deadline)

    def _wait(self, node, deadline, credentials):
        """Until the node answers; without credentials, being asked for a login is answer enough."""
        def check():
            try:
                cql_probe.check_alone(node.address, credentials, self.ca_file)
            except cql_probe.NotReady as error:
                if self.credentials is None or credentials or "asks for a login" not in str(error):
                    raise
        self._poll(check, deadline, [node])

    def _wait_together(self, deadline):
        if len(self.nodes) > 1:
            self._poll(lambda: cql_probe.check_together(self.addresses, self.credentials, self.ca_file),
                       deadline, self.nodes)

    def _poll(self, check, deadline, nodes):
        while True:
            # Read before the check: a node that dies after a good answer is not our concern here.
            dead = [node for node in nodes if not node.alive]
            try:
                check()
                return
            except cql_probe.NotReady as error:
                reason = str(error)
            if dead:
                raise LabError(f"node {dead[0].number} of {self.name} ended while it started; it said last:\n"
                               f"{dead[0].last_lines()}")
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} did not answer in time ({reason}); it said last:\n{nodes[0].last_lines()}")
            time.sleep(0.2)


def start(name, *, version, address, nodes=1, dc="datacenter1", auth=False, tls=False, durable=False, heap="700M",
          settings=None, timeout_seconds=START_SECONDS, say=lambda text: None):
    """Starts a cluster on consecutive addresses from `address` and returns it when every node answers CQL.

    dc: one datacenter, or several separated by commas: nodes go to them in turn, and from the first again.
    With auth, until cassandra/cassandra can log in everywhere. settings: further keys of cassandra.yaml. On failure,
    nothing is left running and the servers' logs are moved to .lab/NAME.failed/. Raises LabError.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}", name):
        raise LabError(f"'{name}' is no name for a cluster: a letter, then letters, digits, - and _")
    if version not in cassandra_settings.VERSIONS:
        raise LabError(f"no version {version}; there are {' and '.join(cassandra_settings.VERSIONS)}")
    if not re.fullmatch(r"[1-9][0-9]*[MG]", heap):
        raise LabError(f"'{heap}' is no heap size; for example 700M or 2G")
    addresses = _addresses_from(address, nodes)
    dcs = _datacenters_from(dc, nodes)
    try:
        cassandra_settings.java_of(version), cassandra_settings.jars_of(version)
    except cassandra_settings.MissingSoftware as error:
        raise LabError(str(error)) from error
    cluster = Cluster({"name": name, "version": version, "auth": auth, "tls": tls, "durable": durable,
                       "heap": heap, "settings": settings or {},
                       "nodes": [{"address": each, "dc": dcs[number % len(dcs)], "process": None}
                                 for number, each in enumerate(addresses)]})
    _claim(cluster)
    try:
        for node in cluster.nodes:
            _refuse_taken_port(node.address)
            node.folder.mkdir()
        if tls:
            _make_certificates(cluster)
        cluster._bring_up(time.monotonic() + timeout_seconds, say)
    except BaseException as error:
        kept = _keep_logs(cluster) if isinstance(error, LabError) else None
        cluster.stop()
        if kept:
            raise LabError(f"{error}\nits logs are in {kept}") from error
        raise
    return cluster


def load(name):
    """The cluster of this name as recorded; LabError where there is none."""
    try:
        return Cluster(json.loads((LAB / name / "cluster.json").read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise LabError(f"no cluster '{name}'; 'lab/cassandra status' lists them") from error


def clusters():
    """All recorded clusters, by name."""
    return [load(path.parent.name) for path in sorted(LAB.glob("*/cluster.json"))]


def stop(name):
    load(name).stop()


def kill(name, node=1):
    load(name).kill(node)


def restart(name, node=1, timeout_seconds=START_SECONDS):
    load(name).restart(node, timeout_seconds)


def _addresses_from(address, count):
    try:
        first = ipaddress.IPv4Address(address)
        addresses = [str(first + offset) for offset in range(count)]
    except ValueError as error:
        raise LabError(f"'{address}' is no IPv4 address") from error
    if count < 1:
        raise LabError("a cluster has at least one node")
    if not all(ipaddress.IPv4Address(each).is_loopback for each in addresses):
        raise LabError(f"{address} is no loopback address; use one of 127.0.0.0/8")
    return addresses


def _datacenters_from(names, nodes):
    dcs = names.split(",")
    for each in dcs:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", each):
            raise LabError(f"'{each}' is no name for a datacenter: letters, digits, - and _; commas between several")
    if len(set(dcs)) < len(dcs):
        raise LabError(f"--dc {names} names a datacenter twice; nodes go to them in turn")
    if len(dcs) > nodes:
        raise LabError(f"{len(dcs)} datacenters and {nodes} nodes: each needs one at least; give more --nodes")
    return dcs


def _claim(cluster):
    """Makes the cluster's folder and record, unless its name or one of its addresses belongs to another."""
    for other in clusters():
        taken = sorted(set(other.addresses) & set(cluster.addresses))
        if other.name == cluster.name:
            raise LabError(f"cluster '{cluster.name}' exists; 'lab/cassandra stop {cluster.name}' removes it")
        if taken:
            raise LabError(f"{taken[0]} is taken by cluster '{other.name}'; choose another --address")
    try:
        cluster.folder.mkdir(parents=True)
    except FileExistsError as error:
        raise LabError(f"{cluster.folder} exists without a cluster in it; remove it") from error
    cluster.save()


def _make_certificates(cluster):
    try:
        cassandra_settings.make_certificates(cluster.folder, cluster.addresses)
    except (RuntimeError, FileNotFoundError) as error:
        raise LabError(f"no certificates for {cluster.name}: {error}") from error


def _refuse_taken_port(address):
    for port in (cql_probe.PORT, 7000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen()
            except OSError as error:
                raise LabError(f"{address}:{port} is taken by another program ({error.strerror})") from error


def _keep_logs(cluster):
    """Moves what the nodes logged to NAME.failed/, replacing an earlier one. Returns the folder, or None."""
    kept = LAB / f"{cluster.name}.failed"
    shutil.rmtree(kept, ignore_errors=True)
    for node in cluster.nodes:
        for path in (node.log, node.output):
            if path.exists():
                kept.mkdir(exist_ok=True)
                shutil.copy(path, kept / f"node{node.number}-{path.name}")
    return kept if kept.exists() else None
