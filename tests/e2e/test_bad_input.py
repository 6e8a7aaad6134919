"""Bytes that no client should send, and configurations that nobody can mean."""
import socket
import struct
import subprocess

import pytest


def exchange(port, data, wants=9):
    """Sends bytes; gives all that comes until the other side ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(data)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    return received


def error_of(answer):
    version, _, stream, opcode, length = struct.unpack(">BBhBi", answer[:9])
    code, size = struct.unpack(">iH", answer[9:15])
    assert opcode == 0
    return version & 0x7F, stream, code, answer[15:15 + size].decode()


STARTUP = b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.4.5"


def frame(version, stream, opcode, body, length=None):
    return struct.pack(">BBhBI", version, 0, stream, opcode, len(body) if length is None else length) + body


def test_an_unknown_version_gets_the_words_that_drivers_look_for(proxy):
    for version in (0x01, 0x02, 0x06, 0x42, 0x7F):
        offered, stream, code, text = error_of(exchange(proxy.port, frame(version, 7, 1, STARTUP)))
        assert (code, stream, offered) == (0x000A, 0, 5)  # stream 0, as Cassandra 4.1 and 5.0
        assert "Invalid or unsupported protocol version" in text


def test_garbage_ends_only_its_own_connection(proxy):
    session = proxy.connect()
    for data in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"\x84" + b"\0" * 20, b"\x04\0\0\0\x07" + b"\xff" * 4):
        answer = exchange(proxy.port, data)
        assert error_of(answer)[2] == 0x000A
    assert session.execute("SELECT key FROM system.local").one().key == "local"


def test_an_oversized_length_is_refused_by_its_header(proxy):
    assert "longer" in error_of(exchange(proxy.port, frame(4, 1, 1, b"", length=64 * 1024 + 1)))[3]
    # After the login the limit is 256 MiB.
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(frame(4, 1, 1, STARTUP))
        assert client.recv(9)[4] == 2
        client.sendall(frame(4, 2, 7, b"", length=256 * 1024 * 1024 + 1))
        assert error_of(client.recv(65536))[2] == 0x000A


def test_a_damaged_v5_segment_ends_the_connection(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(frame(5, 1, 1, STARTUP))
        assert client.recv(9)[4] == 2
        client.sendall(b"\x09\x00\x02\x00\x00\x00" + b"\x00" * 13)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
        assert b"CRC24" in received


def test_requests_that_end_too_early_get_an_error_each(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(frame(4, 1, 1, STARTUP))
        assert client.recv(9)[4] == 2
        for opcode in (0x07, 0x09, 0x0A, 0x0D):
            client.sendall(frame(4, 3, opcode, b"\x00\x00\x00\x09abc"))
            assert error_of(client.recv(65536))[2] == 0x000A


@pytest.mark.parametrize("text,line,words", [
    ("origin:\n  contact_points: [127.0.0.11]\n  colour: red\n", 3, "colour"),
    ("proxy:\n  phase: nine\n", 2, "phase"),
    ("proxy:\n  phase: 9\n", 2, "phase"),
    ("proxy:\n  listen: [1, 2]\n", 2, "listen"),
    ("origin:\n  password: secret123\n", 2, "password_file"),
    ("origin:\n  contact_points: [127.0.0.11]\n  username: u\n  password_file: /no/such/file\n", 4, "/no/such/file"),
])
def test_a_configuration_says_where_and_what_is_wrong(crossfade, tmp_path, text, line, words):
    file = tmp_path / "crossfade.yaml"
    file.write_text(text)
    done = subprocess.run([crossfade, "proxy", "--config", str(file)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 30
    said = [one for one in (done.stdout + done.stderr).splitlines() if f"crossfade.yaml:{line}:" in one]
    assert said and words in said[0], done.stderr
    assert "secret123" not in done.stdout + done.stderr


def test_best_effort_for_the_side_that_answers_reads_is_refused(crossfade, tmp_path):
    done = subprocess.run([crossfade, "proxy", "--origin", "127.0.0.11", "--target", "127.0.0.21", "--phase", "4", "--write-mode",
                           "target_best_effort", "--state-dir", str(tmp_path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 30
