"""lab/cassandra with real nodes (about two minutes), on addresses 127.0.90.x that nothing else uses."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import cassandra_lab  # noqa: E402
import cassandra_settings  # noqa: E402
import cql_probe  # noqa: E402

PROGRAM = os.path.join(os.path.dirname(os.path.realpath(__file__)), "cassandra")


def lab(*arguments, text=None):
    # The time-out also proves that no node holds the pipes of the command that started it.
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=300, check=False)


class Refusals(unittest.TestCase):
    """What is refused before anything starts."""

    def refused(self, says, *arguments):
        done = lab(*arguments)
        self.assertEqual((done.returncode, "Traceback" in done.stderr), (1, False), done.stderr)
        self.assertIn(says, done.stderr)

    def test_bad_arguments(self):
        good = ("start", "refusals", "--version", "5.0", "--address")
        self.refused("no loopback address", *good, "10.0.0.1")
        self.refused("no IPv4 address", *good, "localhost")
        self.refused("no loopback address", *good, "127.255.255.255", "--nodes", "2")
        self.refused("at least one node", *good, "127.0.90.1", "--nodes", "0")
        self.refused("no heap size", *good, "127.0.90.1", "--heap", "lots")
        self.refused("KEY=VALUE", *good, "127.0.90.1", "--set", "key")
        self.refused("'' is no name for a datacenter", *good, "127.0.90.1", "--nodes", "2", "--dc", "east,")
        self.refused("'../up' is no name for a datacenter", *good, "127.0.90.1", "--dc", "../up")
        self.refused("names a datacenter twice", *good, "127.0.90.1", "--nodes", "2", "--dc", "east,east")
        self.refused("3 datacenters and 2 nodes", *good, "127.0.90.1", "--nodes", "2", "--dc", "east,west,north")
        self.refused("no name", "start", "../up", "--version", "5.0", "--address", "127.0.90.1")
        self.assertFalse((cassandra_lab.LAB / "refusals").exists())

    def test_unknown_cluster(self):
        for command in (("stop", "nobody"), ("kill", "nobody"), ("restart-node", "nobody"), ("cql", "nobody", "x"),
                        ("stop", "..")):
            with self.subTest(command=command):
                self.refused("no cluster", *command)

    def test_address_taken_by_another_program(self):
        with socket.create_server(("127.0.90.2", cql_probe.PORT)):
            self.refused("127.0.90.2:9042 is taken", "start", "refusals", "--version", "5.0", "--address", "127.0.90.1",
                         "--nodes", "2")
        self.assertFalse((cassandra_lab.LAB / "refusals").exists())


class Tokens(unittest.TestCase):
    def test_are_the_same_each_time_and_differ_between_nodes_and_clusters(self):
        origin, target = ({"name": name, "version": "5.0"} for name in ("origin", "target"))
        tokens = cassandra_settings.tokens_of(origin, "127.0.90.1")
        self.assertEqual(tokens, cassandra_settings.tokens_of(origin, "127.0.90.1"))
        self.assertEqual(len(set(tokens)), cassandra_settings.TOKENS_A_NODE)
        self.assertFalse(set(tokens) & set(cassandra_settings.tokens_of(origin, "127.0.90.2")))
        self.assertFalse(set(tokens) & set(cassandra_settings.tokens_of(target, "127.0.90.1")))


class Datacenters(unittest.TestCase):
    """What each node's own configuration says, without starting one."""

    def configured(self, nodes, dc):
        """The datacenters in the nodes' files, in the nodes' order."""
        with tempfile.TemporaryDirectory() as lab_folder, \
                unittest.mock.patch.object(cassandra_lab, "LAB", pathlib.Path(lab_folder)), \
                unittest.mock.patch.object(cassandra_lab.Cluster, "_bring_up", lambda *_: None):
            cassandra_lab.start("wide", version="5.0", address="127.0.90.51", nodes=nodes, dc=dc)
            cluster = cassandra_lab.load("wide")  # as another process finds it
            for node in cluster.nodes:
                cassandra_settings.write_configuration(cluster.record, node._record, node.folder, cluster.addresses)
            said = [(node.folder / "conf" / "cassandra-rackdc.properties").read_text() for node in cluster.nodes]
            self.assertEqual([f"dc={node.dc}\nrack=rack1\n" for node in cluster.nodes], said)
            return [node.dc for node in cluster.nodes], cluster.dcs

    def test_one_has_all_nodes(self):
        self.assertEqual(self.configured(3, "here"), (["here", "here", "here"], ["here"]))

    def test_several_get_the_nodes_in_turn(self):
        self.assertEqual(self.configured(2, "east,west"), (["east", "west"], ["east", "west"]))
        self.assertEqual(self.configured(5, "east,west"), (["east", "west", "east", "west", "east"], ["east", "west"]))


class RealNodes(unittest.TestCase):
    def start(self, name, *arguments):
        self.addCleanup(lambda: name in [each.name for each in cassandra_lab.clusters()] and cassandra_lab.stop(name))
        done = lab("start", name, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return cassandra_lab.load(name)

    def rows(self, name, text, *arguments):
        done = lab("cql", name, text, "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rows_at_last(self, name, text, *arguments):
        """As rows(), for a cluster that lost a node: until the others hold it for down, they may wait for it in vain."""
        deadline = time.monotonic() + 60
        while lab("cql", name, text, "--json", *arguments).returncode and time.monotonic() < deadline:
            pass
        return self.rows(name, text, *arguments)

    def test_failed_start_says_what_the_server_said_and_leaves_nothing(self):
        done = lab("start", "lab-bad", "--version", "5.0", "--address", "127.0.90.11", "--set", "bogus_key=1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Please remove properties [bogus_key]", done.stderr)
        self.assertFalse((cassandra_lab.LAB / "lab-bad").exists())
        self.assertTrue((cassandra_lab.LAB / "lab-bad.failed" / "node1-system.log").exists())

    def test_a_durable_41_node_keeps_its_data_over_kill_and_restart(self):
        self.keeps_its_data("4.1")

    def test_a_durable_50_node_keeps_its_data_over_kill_and_restart(self):
        self.keeps_its_data("5.0")

    def keeps_its_data(self, version):
        cluster = self.start("lab-one", "--version", version, "--address", "127.0.90.21", "--durable", "--dc", "here")
        self.assertEqual(self.rows("lab-one", "SELECT data_center, cql_version FROM system.local")[0]["data_center"], "here")
        self.assertTrue(self.rows("lab-one", "SELECT release_version AS v FROM system.local")[0]["v"].startswith(version))
        for name, address, says in (("lab-one", "127.0.90.29", "exists"), ("lab-two", "127.0.90.21", "taken by cluster")):
            done = lab("start", name, "--version", version, "--address", address)
            self.assertEqual(done.returncode, 1)
            self.assertIn(says, done.stderr)
        self.rows("lab-one", "CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'here': 1};"
                             "CREATE TABLE k.t (a int PRIMARY KEY, b text); -- a comment; with a semicolon\n"
                             "BEGIN BATCH INSERT INTO k.t (a, b) VALUES (1, 'x;y'); INSERT INTO k.t (a) VALUES (2);"
                             " APPLY BATCH")
        self.assertEqual(lab("cql", "lab-one", "SELEC").returncode, 1)
        cluster.kill()
        self.assertFalse(cluster.nodes[0].alive)
        self.assertIn("dead", lab("status").stdout)
        with self.assertRaises(cassandra_lab.LabError):
            cluster.kill()
        self.assertEqual(lab("restart-node", "lab-one").returncode, 0)
        self.assertEqual(sorted((row["a"], row["b"]) for row in self.rows("lab-one", "SELECT * FROM k.t")),
                         [(1, "x;y"), (2, None)])
        self.assertEqual(lab("restart-node", "lab-one").returncode, 1)
        lab("kill", "lab-one")
        self.assertEqual(lab("stop", "lab-one").returncode, 0)
        self.assertFalse(cluster.folder.exists())

    def test_three_nodes_with_login_and_encryption(self):
        cluster = self.start("lab-three", "--version", "5.0", "--address", "127.0.90.31", "--nodes", "3",
                             "--heap", "384M", "--auth", "--tls", "--dc", "here", "--durable")
        self.assertEqual(cluster.addresses, ["127.0.90.31", "127.0.90.32", "127.0.90.33"])
        for address in cluster.addresses:
            for credentials, ca_file, says in ((None, cluster.ca_file, "asks for a login"),
                                               (("cassandra", "wrong"), cluster.ca_file, "0x0100"),
                                               (cluster.credentials, None, "")):
                with self.subTest(address=address, says=says), self.assertRaisesRegex(cql_probe.NotReady, says):
                    cql_probe.check_alone(address, credentials, ca_file)
            cql_probe.check_alone(address, cluster.credentials, cluster.ca_file)
        self.rows("lab-three", "CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'here': 3};"
                               "CREATE TABLE k.t (a int PRIMARY KEY); INSERT INTO k.t (a) VALUES (1)")
        cluster.kill(node=2)
        self.assertEqual([node.alive for node in cluster.nodes], [True, False, True])
        self.assertEqual(self.rows_at_last("lab-three", "SELECT a FROM k.t WHERE a = 1", "--node", "3"), [{"a": 1}])
        cluster.restart(node=2)
        self.assertEqual(self.rows("lab-three", "SELECT a FROM k.t WHERE a = 1", "--node", "2"), [{"a": 1}])
        # Without the first node, which started the ring, the others must come back too.
        cluster.kill(node=1)
        cluster.kill(node=2)
        cluster.restart(node=2)
        self.assertEqual(self.rows_at_last("lab-three", "SELECT a FROM k.t WHERE a = 1", "--node", "2"), [{"a": 1}])

    def test_one_cluster_of_two_datacenters(self):
        cluster = self.start("lab-wide", "--version", "5.0", "--address", "127.0.90.41", "--nodes", "2", "--heap", "384M",
                             "--durable", "--dc", "east,west")
        whom = "SELECT data_center FROM system.{}"
        for number, (own, other) in enumerate((("east", "west"), ("west", "east")), start=1):
            self.assertEqual(self.rows("lab-wide", whom.format("local"), "--node", str(number)), [{"data_center": own}])
            self.assertEqual(self.rows("lab-wide", whom.format("peers"), "--node", str(number)), [{"data_center": other}])
        self.assertEqual([each["dc"] for each in json.loads(lab("status", "--json").stdout) if each["cluster"] == "lab-wide"],
                         ["east", "west"])
        self.rows("lab-wide", "CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'east': 1, 'west': 1};"
                              "CREATE TABLE k.t (a int PRIMARY KEY)")
        cluster.kill(node=1)
        self.rows_at_last("lab-wide", "INSERT INTO k.t (a) VALUES (1)", "--node", "2")  # LOCAL_QUORUM in west is one node
        cluster.restart(node=1)
        self.assertEqual(self.rows("lab-wide", whom.format("local")), [{"data_center": "east"}])
        self.assertEqual(self.rows("lab-wide", "SELECT a FROM k.t WHERE a = 1", "--node", "2"), [{"a": 1}])


if __name__ == "__main__":
    unittest.main()
