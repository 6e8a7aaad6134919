"""The fault relay, between a client and an echo server on loopback."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import fault_relay  # noqa: E402

PROGRAM = os.path.join(os.path.dirname(os.path.realpath(__file__)), "fault_relay")


class Relayed(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.received = bytearray()      # what the echo server got, over all connections
        self.upstream_ends = asyncio.Queue()  # how each of its connections ended
        self.server = await asyncio.start_server(self.echo, "127.0.0.1", 0)
        self.upstream = "{}:{}".format(*self.server.sockets[0].getsockname())
        self.relay = fault_relay.FaultRelay("127.0.0.1:0", self.upstream)
        await self.relay.start()
        self.writers = []

    async def asyncTearDown(self):
        for writer in self.writers:
            writer.close()
        await self.relay.close()
        self.server.close()

    async def echo(self, reader, writer):
        try:
            while data := await reader.read(65536):
                self.received += data
                writer.write(data)
                await writer.drain()
            await self.upstream_ends.put("end")
        except ConnectionError:
            await self.upstream_ends.put("reset")
        finally:
            writer.close()

    async def connect(self):
        reader, writer = await asyncio.open_connection(*fault_relay.parse_address(self.relay.address))
        self.writers.append(writer)
        return reader, writer

    async def exchange(self, reader, writer, data):
        writer.write(data)
        self.assertEqual(await within(reader.readexactly(len(data))), data)

    async def test_passes_bytes_and_the_end_on(self):
        reader, writer = await self.connect()
        data = os.urandom(3_000_000)
        writer.write(data)
        writer.write_eof()
        self.assertEqual(await within(reader.read(-1)), data)
        self.assertEqual(await within(self.upstream_ends.get()), "end")

    async def test_delay_adds_at_least_that_much_each_way(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"connected")
        await self.relay.command("delay", ms=60)
        began = asyncio.get_running_loop().time()
        await self.exchange(reader, writer, b"ping")
        self.assertGreaterEqual(asyncio.get_running_loop().time() - began, 0.12)
        await self.relay.command("delay", ms=60, direction="to_client")
        await self.relay.command("delay", ms=0, direction="to_upstream")
        self.assertEqual(self.relay.faults["to_client"].delay_ms, 60)
        began = asyncio.get_running_loop().time()
        await self.exchange(reader, writer, b"ping")
        self.assertGreaterEqual(asyncio.get_running_loop().time() - began, 0.06)

    async def test_delay_keeps_order_and_throughput(self):
        reader, writer = await self.connect()
        await self.relay.command("delay", ms=200, direction="to_upstream")
        data = os.urandom(64 * 65536)
        began = asyncio.get_running_loop().time()
        await self.exchange(reader, writer, data)
        # One delay for each of at least 64 chunks would be 12.8 s.
        self.assertLess(asyncio.get_running_loop().time() - began, 6)

    async def test_cut_resets_both_sides_and_takes_new_connections(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        self.assertEqual((await self.relay.command("cut"))["open"], 0)
        with self.assertRaises(ConnectionResetError):
            await within(reader.readexactly(1))
        self.assertEqual(await within(self.upstream_ends.get()), "reset")
        await self.exchange(*await self.connect(), b"after")
        self.assertEqual(self.relay.counts["accepted"], 2)

    async def test_cut_can_close_in_order(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        await self.relay.command("cut", how="close")
        self.assertEqual(await within(reader.read(-1)), b"")
        self.assertEqual(await within(self.upstream_ends.get()), "end")

    async def test_half_open_loses_bytes_and_keeps_the_connection(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        await self.relay.command("half_open", direction="to_upstream")
        writer.write(b"lost")
        await within(self.relay.wait_until(lambda relay: relay.counts["to_upstream_swallowed"] == 4))
        await self.relay.command("normal")
        await self.exchange(reader, writer, b"after")
        self.assertEqual(bytes(self.received), b"beforeafter")

    async def test_half_open_towards_the_client_loses_answers_only(self):
        reader, writer = await self.connect()
        await self.relay.command("half_open", direction="to_client")
        writer.write(b"asked")
        await within(self.relay.wait_until(lambda relay: relay.counts["to_client_swallowed"] == 5))
        await self.relay.command("normal")
        await self.exchange(reader, writer, b"again")
        self.assertEqual(bytes(self.received), b"askedagain")

    async def test_lost_connections_stay_lost_and_new_ones_work(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        await self.relay.command("lose")
        await self.relay.command("normal")
        writer.write(b"vanishes")
        await within(self.relay.wait_until(lambda relay: relay.counts["to_upstream_swallowed"] == 8))
        await self.exchange(*await self.connect(), b"new")
        self.assertEqual(bytes(self.received), b"beforenew")
        self.assertEqual(self.relay.counts["to_client_bytes"], 9)

    async def test_half_open_hides_that_the_other_side_went_away(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        await self.relay.command("half_open")
        writer.write(b"last words")
        writer.write_eof()
        await within(self.relay.wait_until(lambda relay: relay.counts["to_upstream_ends_hidden"] == 1))
        # Had the end been passed on, the server would have met it before this later exchange was over.
        direct = await asyncio.open_connection(*fault_relay.parse_address(self.upstream))
        self.writers.append(direct[1])
        await self.exchange(*direct, b" direct")
        self.assertTrue(self.upstream_ends.empty())
        self.assertEqual((await self.relay.command("count"))["open"], 1)
        await self.relay.command("normal")
        self.assertEqual(await within(self.upstream_ends.get()), "end")
        self.assertEqual(bytes(self.received), b"before direct")

    async def test_refuse_keeps_open_connections_and_accept_ends_it(self):
        reader, writer = await self.connect()
        await self.exchange(reader, writer, b"before")
        await self.relay.command("refuse")
        with self.assertRaises(ConnectionRefusedError):
            await self.connect()
        await self.exchange(reader, writer, b"still")
        await self.relay.command("accept")
        await self.exchange(*await self.connect(), b"anew")

    async def test_normal_ends_refuse_and_every_fault(self):
        await self.relay.command("refuse")
        await self.relay.command("half_open")
        await self.relay.command("delay", ms=100_000)
        await self.relay.command("byte_at_a_time")
        await self.relay.command("normal")
        await self.exchange(*await self.connect(), b"works")
        self.assertEqual(self.relay.counts["to_upstream_writes"], 1)

    async def test_byte_at_a_time_writes_each_byte_alone_in_the_chosen_direction(self):
        reader, writer = await self.connect()
        await self.relay.command("byte_at_a_time", direction="to_client")
        data = os.urandom(5000)
        await self.exchange(reader, writer, data)
        await within(self.relay.wait_until(lambda relay: relay.counts["to_client_bytes"] == 5000))
        self.assertEqual(self.relay.counts["to_client_writes"], 5000)
        self.assertLess(self.relay.counts["to_upstream_writes"], 5000)

    async def test_upstream_that_refuses_resets_the_client(self):
        self.server.close()
        await self.server.wait_closed()
        reader, _ = await self.connect()
        with self.assertRaises(ConnectionResetError):
            await within(reader.readexactly(1))

    async def test_reset_by_the_client_reaches_the_upstream(self):
        loop = asyncio.get_running_loop()
        client = socket.socket()
        client.setblocking(False)
        await loop.sock_connect(client, fault_relay.parse_address(self.relay.address))
        await loop.sock_sendall(client, b"ping")
        await within(self.relay.wait_until(lambda relay: relay.counts["to_client_bytes"] == 4))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        self.assertEqual(await within(self.upstream_ends.get()), "reset")

    async def test_bad_commands_change_nothing(self):
        for do, details in (("explode", {}), ("delay", {}), ("delay", {"ms": -1}), ("delay", {"ms": "5"}),
                            ("delay", {"ms": True}), ("half_open", {"direction": "up"}), ("cut", {"how": "nicely"}),
                            ("normal", {"ms": 1})):
            with self.subTest(do=do, **details), self.assertRaises(fault_relay.BadCommand):
                await self.relay.command(do, **details)
        await self.exchange(*await self.connect(), b"works")


class OnAThread(unittest.TestCase):
    def test_commands_from_plain_code(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            upstream = "{}:{}".format(*server.getsockname())
            with fault_relay.running("127.0.0.1:0", upstream) as relay:
                with socket.create_connection(fault_relay.parse_address(relay.address), 30) as client:
                    accepted, _ = server.accept()
                    with accepted:
                        accepted.settimeout(30)
                        relay.command(do="half_open")
                        client.sendall(b"lost")
                        relay.wait_until(lambda it: it.counts["to_upstream_swallowed"] == 4)
                        relay.command(do="normal")
                        client.sendall(b"seen")
                        self.assertEqual(accepted.recv(100), b"seen")
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(fault_relay.parse_address(relay.address), 30)


class AsAProgram(unittest.TestCase):
    def start(self, *arguments):
        relay = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", *arguments], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(relay.stderr.close)
        self.addCleanup(relay.stdout.close)
        self.addCleanup(relay.stdin.close)
        self.addCleanup(relay.wait)
        self.addCleanup(relay.kill)
        return relay

    def test_commands_on_standard_input_whose_end_ends_it(self):
        relay = self.start("--upstream", "127.0.0.1:1")
        word, listen = relay.stdout.readline().split()
        self.assertEqual(word, "ready")
        socket.create_connection(fault_relay.parse_address(listen), 30).close()
        for line, ok in (('{"do": "refuse"}', True), ("rubbish", False), ('["do"]', False), ('{"do": "fly"}', False)):
            relay.stdin.write(line + "\n")
            relay.stdin.flush()
            self.assertEqual(json.loads(relay.stdout.readline())["ok"], ok, line)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(fault_relay.parse_address(listen), 30)
        relay.stdin.close()
        self.assertEqual(relay.wait(30), 0)

    def test_commands_on_a_control_port(self):
        relay = self.start("--upstream", "127.0.0.1:1", "--control", "127.0.0.1:0")
        _, listen, control = relay.stdout.readline().split()
        with socket.create_connection(fault_relay.parse_address(control), 30) as connection, \
                connection.makefile("rw") as lines:
            lines.write('{"do": "delay", "ms": 5}\n{"do": "count"}\n')
            lines.flush()
            self.assertTrue(json.loads(lines.readline())["ok"])
            self.assertEqual(json.loads(lines.readline())["open"], 0)
        relay.terminate()
        self.assertEqual(relay.wait(30), 0)

    def test_taken_address_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = subprocess.run([PROGRAM, "--listen", f"127.0.0.1:{port}", "--upstream", "127.0.0.1:1"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)


def within(awaitable, seconds=30):
    """A limit against a hang; no test waits for it to pass."""
    return asyncio.wait_for(awaitable, seconds)


if __name__ == "__main__":
    unittest.main()
