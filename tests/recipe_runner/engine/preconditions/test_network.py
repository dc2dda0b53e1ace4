from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import World
from recipe_runner.engine.preconditions.network import Host, Http
from tests.recipe_runner.engine.preconditions.conftest import Look
from tests.recipe_runner.engine.preconditions.loopback import Site, loopback

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Serve a site for all tests of this module."""
    with loopback() as site:
        yield site


def test_http_as_wanted(look: Look, site: Site) -> None:
    """The status and the values of the answer are compared, after redirects."""
    url = site.put("/release", b'{"state": "frozen", "builds": [{"n": 3}]}')
    moved = site.put("/moved", statuses=[301], Location="/release")
    assert look("http", url, json={"state": "frozen", "builds.0.n": "3"}).detail == "answered 200"
    assert look("http", moved).detail == f"answered 200 from {url}"
    assert look("http", moved, status="301").met
    assert look("http", f"{site.url}/missing", status="404").met


def test_http_otherwise(look: Look, site: Site) -> None:
    """Another value and a missing page are unmet and said plainly."""
    url = site.put("/release", b'{"state": "open"}')
    assert look("http", url, json={"state": "frozen"}).detail == "`state` is `open` instead of `frozen`"
    found = look("http", f"{site.url}/missing")
    assert (found.met, found.detail) == (False, "answered with status 404 instead of 200")


def test_http_that_is_silent(look: Look, site: Site) -> None:
    """A server that says nothing is unmet after the time that was given."""
    found = look("http", f"{site.url}/silent", timeout="1s")
    assert not found.met
    assert "does not answer" in found.detail


def test_text_says_what_is_wanted() -> None:
    """The one line of an http requirement has status and values."""
    wanted = Http.model_validate({"http": "http://x/", "json": {"state": "frozen"}})
    assert wanted.text() == "`http://x/` answers 200, `state` is `frozen`"


@pytest.mark.parametrize("keys", [{"status": "99"}, {"status": "ok"}, {"json": "state"}, {"timeout": "0s"}])
def test_odd_http_is_refused(keys: dict[str, Any]) -> None:
    """Impossible statuses, values without paths and no time at all are refused."""
    with pytest.raises(ValidationError):
        Http.model_validate({"http": "http://x/", **keys})


@pytest.fixture
def ssh_world(tmp_path: Path) -> World:
    """Make a world in which ssh knows the host `here`, a real sshd without a port, and the host `stranger`.

    A wrapper gives the real ssh settings of its own, since it reads the user's from the home in the user database.
    """
    if SSHD is None or os.geteuid() != 0:
        pytest.skip("needs openssh-server, and root to start it")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "user"):
        key = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)]
        subprocess.run(["ssh-keygen", *key], check=True)
    host_key = (tmp_path / "host.pub").read_text()
    (tmp_path / "known").write_text(f"here {host_key}")
    shutil.copy(tmp_path / "user.pub", tmp_path / "authorized")
    (tmp_path / "sshd_config").write_text(
        f"HostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\nPidFile none\n"
        "StrictModes no\nUsePAM yes\nPermitRootLogin yes\n"
    )
    (tmp_path / "ssh_config").write_text(
        f"Host here stranger\n  ProxyCommand {SSHD} -i -f {tmp_path}/sshd_config\n  User root\n"
        f"  IdentityFile {tmp_path}/user\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {tmp_path}/known\n  GlobalKnownHostsFile /dev/null\n"
    )
    wrapper = tmp_path / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {tmp_path}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    return World({"PATH": f"{wrapper.parent}:/usr/bin:/bin"}, tmp_path)


def test_a_host_that_lets_the_operator_in(look: Look, ssh_world: World) -> None:
    """A host whose key is known and that accepts ours is reached."""
    found = look("host", "here", within=ssh_world)
    assert found.met, found.detail


def test_a_host_whose_key_is_not_known(look: Look, ssh_world: World) -> None:
    """A host whose key nobody has checked is unmet, nothing is asked, and its key is not remembered."""
    found = look("host", "stranger", within=ssh_world)
    assert (found.met, found.detail) == (False, "Host key verification failed.")
    assert "stranger" not in (ssh_world.directory / "known").read_text()


def test_a_host_that_does_not_know_us(look: Look, ssh_world: World) -> None:
    """A host that refuses our key is unmet, and no password is asked for."""
    (ssh_world.directory / "authorized").write_text("")
    found = look("host", "here", within=ssh_world)
    assert not found.met
    assert "Permission denied" in found.detail


def test_a_host_that_does_not_exist(look: Look) -> None:
    """A name that does not exist is unmet, and the hint is the command to try."""
    found = look("host", "no-such-host.invalid")
    assert not found.met
    assert found.hint == "make `ssh -o BatchMode=yes no-such-host.invalid true` work"


@pytest.mark.parametrize("name", ["", "-oProxyCommand=touch x", "a b", "a;b", "host\n"])
def test_names_that_are_options_are_refused(name: str) -> None:
    """A host that ssh would take for an option, or that is no name at all, is refused."""
    with pytest.raises(ValidationError):
        Host.model_validate({"host": name})


@pytest.mark.parametrize("name", ["mirror", "root@10.0.0.1", "ssh://me@[::1]:2222", "fe80::1%eth0"])
def test_names_that_ssh_takes_are_accepted(name: str) -> None:
    """Aliases, users, addresses and ssh addresses are hosts."""
    assert Host(host=name).text() == f"host `{name}` reachable by ssh"
