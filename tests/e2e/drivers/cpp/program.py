"""Driver program of the C++ driver: the `cpp-driver` that the Python package acsylla is a thin layer over. Commands: ../README.md."""
import asyncio
import base64
import json
import sys

import acsylla

sessions, prepared = {}, {}


async def connect(command):
    options = {"port": command["port"], "request_timeout": 20}  # a busy machine is no failure
    if "username" in command:
        options.update(username=command["username"], password=command["password"])
    if "in_flight" in command:
        options["queue_size_io"] = max(8192, command["in_flight"])
    cluster = acsylla.create_cluster([command["host"]], **options)
    session = await cluster.create_session(keyspace=command.get("keyspace"))
    sessions[command["session"]] = session
    local = await session.query("SELECT rpc_address FROM system.local")
    peers = await session.query("SELECT rpc_address FROM system.peers")
    # acsylla 1.2.0 takes neither another protocol version than 4 nor timestamp_gen="server_side" (it refuses its own word).
    # This driver tells neither its protocol version nor its nodes; the nodes are those that it was told when it asked.
    return {"protocol": None, "nodes": [str(row.as_list()[0]) for result in (local, peers) for row in result]}


def statement(command, **options):
    values = command["values"]
    if "prepared" in command:
        return prepared[command["prepared"]].bind(values, **options)
    types = [acsylla.ValueType.INT if isinstance(value, int) else acsylla.ValueType.TEXT for value in values]
    return sessions[command["session"]].query(command["text"], values, types, **options)


async def prepare(command):
    prepared[command["id"]] = await sessions[command["session"]].create_prepared(command["text"])
    return {"prepared": command["id"]}


def read(result):
    columns = result.columns_names() if result.column_count() else []
    rows = [row.as_list() for row in result]
    return {"columns": columns, "rows": rows, "applied": rows[0][0] if "[applied]" in columns else None}


async def execute(command):
    return read(await sessions[command["session"]].execute(statement(command)))


async def batch(command):
    statements = acsylla.create_batch_logged()
    for one in command["statements"]:
        statements.add_statement(statement({**one, "session": command["session"]}))
    await sessions[command["session"]].execute_batch(statements)
    return {}


async def many(command):
    session, room = sessions[command["session"]], asyncio.Semaphore(command["in_flight"])

    async def one(values):
        async with room:
            row = (await session.execute(prepared[command["prepared"]].bind(values))).first()
            return row and row.as_list()

    return {"first": await asyncio.gather(*(one(values) for values in command["values"]))}


async def page(command):
    options = {"page_size": command["size"]}
    if command["state"] is not None:
        options["page_state"] = base64.b64decode(command["state"])
    result = await sessions[command["session"]].execute(statement(command, **options))
    state = base64.b64encode(result.page_state()).decode() if result.has_more_pages() else None
    return {**read(result), "state": state}


async def set_keyspace(command):
    await sessions[command["session"]].set_keyspace(command["keyspace"])
    return {}


async def columns(command):
    table = sessions[command["session"]].get_metadata().get_table_meta(command["keyspace"], command["table"])
    return {"columns": [column.name for column in table.columns]}


async def close(command):
    await sessions.pop(command["session"]).close()
    return {}


COMMANDS = {one.__name__: one for one in (connect, prepare, execute, batch, many, page, set_keyspace, columns, close)}


async def answer(command):
    try:
        said = await COMMANDS[command["do"]](command)
    except Exception as problem:
        said = {"error": {"class": type(problem).__name__, "message": str(problem)}}
    print(json.dumps({"id": command["id"], **said}, default=str), flush=True)


async def main():
    running = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(answer(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    for session in sessions.values():
        await session.close()


asyncio.run(main())
