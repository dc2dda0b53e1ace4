"""One connection carried from standard input and output to a port of this machine: what QEMU runs for each connection.

Run as a file, without this package: `python -I -S relay.py PORT`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading


def relay(port: int) -> None:
    """Carry bytes both ways until both sides have ended."""
    with socket.create_connection(("127.0.0.1", port)) as there:
        back = threading.Thread(target=_back, args=(there,), daemon=True)
        back.start()
        while data := os.read(0, 1 << 16):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        back.join()


def _back(there: socket.socket) -> None:
    while data := there.recv(1 << 16):
        while data:
            data = data[os.write(1, data) :]


if __name__ == "__main__":
    relay(int(sys.argv[1]))
