"""A real OpenSSH server with keys of its own, and an `ssh` that knows it under names of our choice."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")
REASON = "needs openssh-server, and root to start it"


def possible() -> bool:
    """Say whether a server can be started here."""
    return SSHD is not None and os.geteuid() == 0


@dataclass
class Server:
    """A running server; `environ` makes its hosts known to ssh."""

    directory: Path
    port: int
    process: subprocess.Popen[str]
    environ: dict[str, str]

    def connections(self) -> list[int]:
        """Return the process ids of the connections it serves."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def cut(self) -> None:
        """End every connection, as a host that goes away does."""
        for pid in self.connections():
            os.kill(pid, signal.SIGKILL)


def make_keys(directory: Path) -> None:
    """Make a host key `host`, a user key `user` that is authorised."""
    for name in ("host", "user"):
        key = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(directory / name)]
        subprocess.run(["ssh-keygen", *key], check=True)
    shutil.copy(directory / "user.pub", directory / "authorized")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


def wrapped_ssh(directory: Path, settings: str, prefix: Sequence[str] = ()) -> dict[str, str]:
    """Return an environment whose ssh has these settings only; the real one reads the user's from their home."""
    (directory / "ssh_config").write_text(settings)
    wrapper = directory / "bin" / "ssh"
    wrapper.parent.mkdir(exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(prefix)} /usr/bin/ssh -F {directory}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    return {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"}


def client_settings(directory: Path, hosts: Sequence[str], address: str, port: int) -> str:
    """Return ssh_config(5) lines for hosts at an address."""
    return (
        f"Host {' '.join(hosts)}\n  HostName {address}\n  Port {port}\n  User root\n  IdentityFile {directory}/user\n"
        f"  IdentitiesOnly yes\n  HostKeyAlias tested\n  UserKnownHostsFile {directory}/known\n"
        "  GlobalKnownHostsFile /dev/null\n"
    )


def start(directory: Path, address: str, port: int, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start a server, perhaps through another command, and wait until it listens; raises OSError."""
    settings = directory / f"sshd_config_{address}"
    settings.write_text(
        f"ListenAddress {address}:{port}\nHostKey {directory}/host\nAuthorizedKeysFile {directory}/authorized\n"
        "PidFile none\nStrictModes no\nUsePAM yes\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n"
    )
    argv = [*prefix, str(SSHD), "-D", "-e", "-f", str(settings)]
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for said in process.stderr:
        if "listening" in said:
            return process
    process.stderr.close()
    raise OSError(f"sshd ended with {process.wait()}")


def stop(process: subprocess.Popen[str]) -> None:
    """End a server and its connections."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.terminate()
    process.wait()
    for pid in children:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue
    if process.stderr is not None:
        process.stderr.close()


@contextmanager
def serving(directory: Path, hosts: Sequence[str] = ("alpha", "beta")) -> Iterator[Server]:
    """Serve on a free port of loopback for the block's time, under several names."""
    make_keys(directory)
    (directory / "known").write_text(f"tested {(directory / 'host.pub').read_text()}")
    for attempt in range(5):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        try:
            process = start(directory, "127.0.0.1", port)
            break
        except OSError:
            if attempt == 4:
                raise
    try:
        yield Server(
            directory, port, process, wrapped_ssh(directory, client_settings(directory, hosts, "127.0.0.1", port))
        )
    finally:
        stop(process)


@dataclass
class Network:
    """Hosts in network namespaces of their own, behind a client's; `environ` gives an ssh that runs in the client's."""

    name: str
    hosts: tuple[str, ...]
    environ: dict[str, str]

    def unplug(self, host: str) -> None:
        """Take a host off the network, without a word to anybody."""
        _ip("-n", f"{self.name}c", "link", "set", f"h{self.hosts.index(host)}", "down")


def namespaces_permitted() -> bool:
    """Say whether network namespaces can be made here."""
    name = f"rt{os.getpid()}"
    if not possible() or shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
        return False
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return False
    made = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, check=False).returncode == 0
    _ip("netns", "delete", name)
    return made


@contextmanager
def network(directory: Path, hosts: Sequence[str]) -> Iterator[Network]:
    """Serve each host from its own network namespace for the block's time."""
    name = f"rt{os.getpid()}"
    make_keys(directory)
    (directory / "known").write_text(f"tested {(directory / 'host.pub').read_text()}")
    settings, servers, made = "", [], []
    try:
        for space in (f"{name}c", *(f"{name}h{i}" for i in range(len(hosts)))):
            _ip("netns", "add", space)
            made.append(space)
        for i, host in enumerate(hosts):
            here, there, space = f"192.0.2.{4 * i + 1}", f"192.0.2.{4 * i + 2}", f"{name}h{i}"
            _ip("-n", f"{name}c", "link", "add", f"h{i}", "type", "veth", "peer", "name", "net", "netns", space)
            for where, link, address in ((f"{name}c", f"h{i}", here), (space, "net", there)):
                _ip("-n", where, "address", "add", f"{address}/30", "dev", link)
                _ip("-n", where, "link", "set", link, "up")
            servers.append(start(directory, there, 22, ("ip", "netns", "exec", space)))
            settings += client_settings(directory, [host], there, 22)
        environ = wrapped_ssh(directory, settings, ("ip", "netns", "exec", f"{name}c"))
        yield Network(name, tuple(hosts), environ)
    finally:
        for process in servers:
            stop(process)
        for space in made:
            _ip("netns", "delete", space)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"})
