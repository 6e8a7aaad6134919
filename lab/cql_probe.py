"""Asks a node the few questions that tell whether it is ready: login and small SELECTs, native protocol v4, no driver.

Independent of every driver on purpose: the lab must not wait for, or blame, the software under test.
"""

import socket
import ssl
import struct

PORT = 9042
_ERROR, _STARTUP, _READY, _AUTHENTICATE, _QUERY, _RESULT, _AUTH_RESPONSE, _AUTH_SUCCESS = 0, 1, 2, 3, 7, 8, 15, 16
CONSISTENCY = {"ONE": 1, "QUORUM": 4, "ALL": 5}


class NotReady(Exception):
    """The node did not answer as a ready node does; the text says how."""


class Connection:
    """One logged-in connection. credentials: (user, password) or None; ca_file: path for TLS, or None for plain."""

    def __init__(self, address, credentials=None, ca_file=None, timeout_seconds=5.0):
        try:
            self._socket = socket.create_connection((address, PORT), timeout_seconds)
            if ca_file:
                context = ssl.create_default_context(cafile=ca_file)
                self._socket = context.wrap_socket(self._socket, server_hostname=address)
            self._log_in(credentials)
        except OSError as error:
            self.close()
            raise NotReady(f"{address}:{PORT}: {error}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if hasattr(self, "_socket"):
            self._socket.close()

    def select(self, statement, consistency="ONE"):
        """Rows as tuples of raw cells (bytes, or None for null)."""
        text = statement.encode()
        body = struct.pack(">i", len(text)) + text + struct.pack(">HB", CONSISTENCY[consistency], 0)
        try:
            opcode, answer = self._exchange(_QUERY, body)
        except OSError as error:
            raise NotReady(str(error)) from error
        if opcode != _RESULT:
            raise NotReady(f"unexpected answer {opcode} to {statement}")
        return _rows(answer)

    def _log_in(self, credentials):
        option = b"".join(struct.pack(">H", len(text)) + text for text in (b"CQL_VERSION", b"3.0.0"))
        opcode, _ = self._exchange(_STARTUP, struct.pack(">H", 1) + option)
        if opcode == _AUTHENTICATE:
            if credentials is None:
                raise NotReady("it asks for a login")
            token = b"\0" + credentials[0].encode() + b"\0" + credentials[1].encode()
            opcode, _ = self._exchange(_AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
        if opcode not in (_READY, _AUTH_SUCCESS):
            raise NotReady(f"unexpected answer {opcode} to the login")

    def _exchange(self, opcode, body):
        self._socket.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
        _, _, _, answer, length = struct.unpack(">BBhBi", self._receive(9))
        body = self._receive(length)
        if answer == _ERROR:
            code, size = struct.unpack_from(">iH", body)
            raise NotReady(f"error 0x{code:04x}: {body[6:6 + size].decode(errors='replace')}")
        return answer, body

    def _receive(self, length):
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(length - len(parts))
            if not part:
                raise ConnectionError("the node closed the connection")
            parts += part
        return bytes(parts)


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def short(self):
        return struct.unpack(">H", self.take(2))[0]

    def integer(self):
        return struct.unpack(">i", self.take(4))[0]

    def text(self):
        return self.take(self.short())


def _skip_type(reader):
    kind = reader.short()
    if kind == 0:
        reader.text()
    elif kind in (0x20, 0x22):
        _skip_type(reader)
    elif kind == 0x21:
        _skip_type(reader)
        _skip_type(reader)
    elif kind == 0x30:
        reader.text(), reader.text()
        for _ in range(reader.short()):
            reader.text()
            _skip_type(reader)
    elif kind == 0x31:
        for _ in range(reader.short()):
            _skip_type(reader)


def _rows(answer):
    reader = _Reader(answer)
    if reader.integer() != 2:
        return []
    flags, columns = reader.integer(), reader.integer()
    if flags & 2:
        reader.take(reader.integer())
    if not flags & 4:
        if flags & 1:
            reader.text(), reader.text()
        for _ in range(columns):
            if not flags & 1:
                reader.text(), reader.text()
            reader.text()
            _skip_type(reader)
    rows = []
    for _ in range(reader.integer()):
        cells = []
        for _ in range(columns):
            size = reader.integer()
            cells.append(None if size < 0 else reader.take(size))
        rows.append(tuple(cells))
    return rows


def check_alone(address, credentials=None, ca_file=None):
    """Raises NotReady unless the node answers a SELECT of its own (after the login, where it wants one)."""
    with Connection(address, credentials, ca_file) as connection:
        if len(connection.select("SELECT key FROM system.local")) != 1:
            raise NotReady("system.local is empty")


def check_together(addresses, credentials=None, ca_file=None):
    """Raises NotReady unless all nodes know one another, agree on the schema, and each reaches every other.

    addresses: of all nodes of the cluster.
    """
    # ALL on a keyspace whose replication is as wide as the cluster proves that the node holds the others for up.
    keyspace_and_table = ("system_traces.sessions", "session_id") if len(addresses) == 2 else \
        ("system_distributed.parent_repair_history", "parent_id")
    for address in addresses:
        with Connection(address, credentials, ca_file) as connection:
            peers = connection.select("SELECT peer, schema_version FROM system.peers")
            local = connection.select("SELECT schema_version FROM system.local")
            if len(peers) != len(addresses) - 1:
                raise NotReady(f"{address} knows {len(peers)} peers of {len(addresses) - 1}")
            if {peer[1] for peer in peers} != {local[0][0]}:
                raise NotReady(f"{address}: the schema versions differ")
            for key in range(4 * len(addresses)):
                connection.select(f"SELECT * FROM {keyspace_and_table[0]} WHERE {keyspace_and_table[1]} = "
                                  f"{_time_uuid(key)}", "ALL")


def _time_uuid(number):
    return f"{number:08x}-0000-1000-8000-000000000000"
