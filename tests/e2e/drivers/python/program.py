"""Driver program of the Python driver (cassandra-driver). Commands: ../README.md."""
import base64
import json
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, PreparedStatement, SimpleStatement

sessions, prepared, lock = {}, {}, threading.Lock()
PATIENCE = 20  # seconds: a busy machine is no failure


def where(command):
    """The options that say where the cluster is, and how to reach it."""
    if "bundle" in command:
        return {"cloud": {"secure_connect_bundle": command["bundle"], "use_default_tempdir": True, "connect_timeout": PATIENCE}}
    options = {"contact_points": [command["host"]], "port": command["port"]}
    if "tls" in command:
        context = ssl.create_default_context(cafile=command["tls"] + "/ca.crt")
        context.load_cert_chain(command["tls"] + "/cert", command["tls"] + "/key")
        options.update(ssl_context=context, ssl_options={"server_hostname": command["host"]})
    return options


def connect(command):
    options = {**where(command), "connect_timeout": PATIENCE, "control_connection_timeout": PATIENCE}
    if "version" in command:
        options["protocol_version"] = command["version"]
    if "compression" in command:
        options["compression"] = False if command["compression"] == "none" else command["compression"]
    if "username" in command:
        options["auth_provider"] = PlainTextAuthProvider(command["username"], command["password"])
    if "remote_nodes" in command:
        policy = TokenAwarePolicy(DCAwareRoundRobinPolicy(command["datacenter"], used_hosts_per_remote_dc=command["remote_nodes"]))
        options["execution_profiles"] = {EXEC_PROFILE_DEFAULT: ExecutionProfile(load_balancing_policy=policy)}
    if command.get("reprepare") is False:
        options["reprepare_on_up"] = False
    cluster = Cluster(**options)  # in_flight: the driver's default is all ids of a connection
    try:
        session = cluster.connect(command.get("keyspace"))
    except Exception:
        cluster.shutdown()
        raise
    if command.get("client_timestamps") is False:
        session.use_client_timestamp = False
    sessions[command["session"]] = session
    return {"protocol": cluster.protocol_version, "nodes": [host.broadcast_rpc_address or host.address for host in cluster.metadata.all_hosts()]}


def statement(command, **options):
    """Gives what execute() takes: a statement and its values."""
    if "prepared" in command:
        bound = prepared[command["prepared"]].bind(command["values"])
        bound.fetch_size = options.get("fetch_size", bound.fetch_size)
        return bound, None
    return SimpleStatement(command["text"].replace("?", "%s"), **options), command["values"] or None


def prepare(command):
    number = command["id"]
    prepared[number] = sessions[command["session"]].prepare(command["text"])
    return {"prepared": number}


def execute(command):
    what, values = statement(command)
    if "consistency" in command:
        what.consistency_level = ConsistencyLevel.name_to_value[command["consistency"]]
    result = sessions[command["session"]].execute(what, values)
    columns = result.column_names or []
    applied = result.was_applied if "[applied]" in columns else None
    return {"columns": columns, "rows": [list(row) for row in result], "applied": applied}


def batch(command):
    statements = BatchStatement()
    for one in command["statements"]:
        if "prepared" in one:
            statements.add(prepared[one["prepared"]], one["values"])
        else:
            statements.add(*statement(one))
    sessions[command["session"]].execute(statements)
    return {}


def many(command):
    session, insert = sessions[command["session"]], prepared[command["prepared"]]
    room = threading.Semaphore(command["in_flight"])
    futures = []
    for values in command["values"]:
        room.acquire()
        future = session.execute_async(insert, values)
        future.add_callbacks(lambda _: room.release(), lambda _: room.release())
        futures.append(future)
    rows = [future.result().one() for future in futures]
    return {"first": [row and list(row) for row in rows]}


def page(command):
    state = command["state"] and base64.b64decode(command["state"])
    result = sessions[command["session"]].execute(*statement(command, fetch_size=command["size"]), paging_state=state)
    state = result.paging_state and base64.b64encode(result.paging_state).decode()
    return {"rows": [list(row) for row in result.current_rows], "state": state}


def set_keyspace(command):
    sessions[command["session"]].set_keyspace(command["keyspace"])
    return {}


def columns(command):
    tables = sessions[command["session"]].cluster.metadata.keyspaces[command["keyspace"]].tables
    return {"columns": list(tables[command["table"]].columns) if command["table"] in tables else []}


def close(command):
    sessions.pop(command["session"]).cluster.shutdown()
    return {}


COMMANDS = {one.__name__: one for one in (connect, prepare, execute, batch, many, page, set_keyspace, columns, close)}


def answer(command):
    try:
        said = COMMANDS[command["do"]](command)
    except Exception as problem:
        said = {"error": {"class": type(problem).__name__, "message": str(problem)}}
    with lock:
        print(json.dumps({"id": command["id"], **said}, default=str), flush=True)


with ThreadPoolExecutor(64) as pool:
    for line in sys.stdin:
        pool.submit(answer, json.loads(line))
for session in sessions.values():
    session.cluster.shutdown()
