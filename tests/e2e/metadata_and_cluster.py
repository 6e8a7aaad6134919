"""A metadata service and an SNI proxy in front of real nodes: what a bundle leads to, without a gateway of ours."""
import socket
import threading

from metadata_and_nodes import MetadataAndNodes


class MetadataAndCluster(MetadataAndNodes):
    """`nodes` are {host id: (address, port)} of plain CQL; a server name that is none of them is refused by closing."""

    def __init__(self, authority, server_files, nodes):
        self.nodes, self.asked = nodes, []
        super().__init__(authority, server_files, None, list(nodes))

    def _node(self, connection):
        name = self.names.get(connection)
        self.asked.append(name)
        if name not in self.nodes:
            return
        with socket.create_connection(self.nodes[name], timeout=20) as node:
            node.settimeout(None)
            connection.settimeout(None)
            back = threading.Thread(target=self._pump, args=(node, connection), daemon=True)
            back.start()
            self._pump(connection, node)
            back.join()

    @staticmethod
    def _pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass  # one of the two has gone
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
