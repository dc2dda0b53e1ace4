from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.boot.ssh import Door, Key, free_port, own_key, throw_away_key
from recipe_runner.errors import UsageError
from tests.support.sshd import REASON, Server, possible, serving

needs_server = pytest.mark.skipif(not possible(), reason=REASON)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a real ssh server that lets `user` in as root."""
    with serving(tmp_path) as running:
        yield running


def door(server: Server, *, key: Key | None = None) -> Door:
    """Return the way to the server, with the key it knows unless another is given."""
    private = server.directory / "user"
    known = Key(private, private.with_suffix(".pub").read_text())
    return Door(key or known, server.port, "root", server.directory / "pinned")


def host_key(server: Server) -> str:
    return " ".join((server.directory / "host.pub").read_text().split()[:2])


@needs_server
def test_a_machine_is_asked_by_a_script(server: Server, tmp_path: Path) -> None:
    """With the right key, and its host key pinned, the script runs there and its words come back."""
    way = door(server)
    way.pin([host_key(server)])
    (tmp_path / "script").write_text("echo here $((20 + 22))\n")
    with way.ask(tmp_path / "script", tmp_path / "answer") as process:
        assert process.wait(60) == 0
    assert (tmp_path / "answer").read_text() == "here 42\n"


@needs_server
def test_another_machine_is_not_asked(server: Server, tmp_path: Path) -> None:
    """A server whose host key is not the pinned one gets nothing to run."""
    way = door(server)
    way.pin([" ".join(throw_away_key(tmp_path).public.split()[:2])])
    (tmp_path / "script").write_text("echo here\n")
    with way.ask(tmp_path / "script", tmp_path / "answer") as process:
        assert process.wait(60) == 255
    assert (tmp_path / "answer").read_text() == ""
    assert "Host key verification failed" in (tmp_path / "answer.errors").read_text()


@needs_server
def test_the_methods_are_those_the_server_offers(server: Server) -> None:
    """A server with passwords switched on says so to somebody without a key; one that is not there says nothing."""
    way = door(server)
    way.pin([host_key(server)])
    assert {"publickey", "password"} <= set(way.methods())
    assert Door(way.key, free_port(), "root", way.known).methods() == ()


def test_a_person_may_bring_a_key(tmp_path: Path) -> None:
    """Either file of a pair names it; what is no public key is refused, and the private one is not read."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "mine"], check=True)
    (tmp_path / "mine").write_text("nobody reads this")
    key = own_key(tmp_path / "mine")
    assert key == own_key(tmp_path / "mine.pub")
    assert key.private == tmp_path / "mine"
    assert key.public.startswith("ssh-ed25519 ")
    (tmp_path / "other.pub").write_text("two\nlines")
    with pytest.raises(UsageError, match="is not one public key"):
        own_key(tmp_path / "other")
    with pytest.raises(UsageError, match="cannot read the public key"):
        own_key(tmp_path / "missing")
