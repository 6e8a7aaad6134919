"""A metadata service and nodes behind server names, for one process: TLS is real, CQL is only what a login and one query take."""
import json
import socket
import ssl
import struct
import threading
import uuid


def _text(text):
    return struct.pack(">H", len(text)) + text.encode()


class MetadataAndNodes:
    """Demands client certificates of `authority`, on both ports."""

    def __init__(self, authority, server_files, token, host_ids, client_authority=None, local_dc="dc1"):
        self.token, self.host_ids, self.local_dc = token, host_ids, local_dc
        self.status, self.document, self.logins = 200, None, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*server_files)
        self.context.load_verify_locations(client_authority or authority.ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.sni_callback = lambda tls, name, context: self.names.__setitem__(tls, name)
        self.names = {}
        self.metadata_port = self._serve(self._metadata)
        self.cql_port = self._serve(self._node)

    def _serve(self, conversation):
        listener = socket.create_server(("127.0.0.1", 0))

        def one(raw):
            try:
                with self.context.wrap_socket(raw, server_side=True) as connection:
                    conversation(connection)
            except (OSError, ssl.SSLError):
                pass  # the client's business

        def accept():
            while True:
                raw, _ = listener.accept()
                raw.settimeout(20)
                threading.Thread(target=one, args=(raw,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def _metadata(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more:
                return
            request += more
        assert request.startswith(b"GET /metadata "), request
        document = self.document or json.dumps({"version": 1, "region": self.local_dc, "contact_info": {
            "type": "sni_proxy", "local_dc": self.local_dc, "contact_points": self.host_ids, "sni_proxy_address": f"localhost:{self.cql_port}"}})
        body = document.encode()
        connection.sendall(f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def _read(self, connection, size):
        data = b""
        while len(data) < size:
            more = connection.recv(size - len(data))
            if not more:
                raise OSError("gone")
            data += more
        return data

    def _node(self, connection):
        name = self.names.get(connection)
        while True:
            version, _, stream, opcode, length = struct.unpack(">BBhBI", self._read(connection, 9))
            body = self._read(connection, length)
            if version != 4:
                answer = 0, struct.pack(">i", 0x0A) + _text("Invalid or unsupported protocol version (5); the highest is 4")
                version = 4
            elif opcode == 5:
                answer = 6, struct.pack(">H", 1) + _text("CQL_VERSION") + struct.pack(">H", 1) + _text("3.4.5")
            elif opcode == 1:
                answer = 3, _text("org.apache.cassandra.auth.PasswordAuthenticator")
            elif opcode == 15:
                _, user, password = body[4:].split(b"\0")
                self.logins.append((name, user.decode()))
                good = password.decode() == self.token
                answer = (16, struct.pack(">i", -1)) if good else (0, struct.pack(">i", 0x100) + _text("Bad credentials"))
            else:
                # Rows: one table for all columns, a uuid and two texts, one row.
                specs = _text("system") + _text("local") + b"".join(_text(column) + struct.pack(">H", kind) for column, kind in (
                    ("host_id", 0x0C), ("data_center", 0x0D), ("release_version", 0x0D)))
                cells = uuid.UUID(name or str(uuid.UUID(int=0))).bytes, b"dc1", b"5.0.2"
                answer = 8, struct.pack(">iii", 2, 1, 3) + specs + struct.pack(">i", 1) + b"".join(struct.pack(">i", len(c)) + c for c in cells)
            connection.sendall(struct.pack(">BBhBI", 0x80 | version, 0, stream, answer[0], len(answer[1])) + answer[1])
