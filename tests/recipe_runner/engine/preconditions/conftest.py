from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.evaluation import evaluate_all
from recipe_runner.engine.preconditions.table import kinds
from tests.support import keyring as support

Look = Callable[..., Finding]


settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def heard(pipe: Path) -> str:
    """Return what somebody writes into a named pipe; fails when nobody does for half a minute."""
    with open(pipe, opener=lambda path, _: os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as stream:
        assert select.select([stream], [], [], 30)[0], f"nobody wrote to {pipe}"
        return stream.read()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world in an empty directory with the variables of the test run."""
    return World({**os.environ, "HOME": str(tmp_path)}, tmp_path)


@pytest.fixture
def look(world: World) -> Look:
    """Evaluate one precondition as a recipe would write it: kind, value, other keys; `world` may be replaced."""

    def evaluate(kind: str, value: Any, *, within: World = world, **keys: Any) -> Finding:
        written = {kind: value, **{name.replace("_", "-"): key for name, key in keys.items()}}
        return evaluate_all([kinds()[kind].model_validate(written)], within)[0]

    return evaluate


@dataclass(slots=True)
class Keyring:
    """A throw-away GNUPGHOME and the fingerprints of the primary keys in it, by name."""

    home: Path
    keys: dict[str, str] = field(default_factory=dict)

    def gpg(self, *arguments: str, given: bytes = b"") -> bytes:
        return support.gpg(self.home, *arguments, given=given)

    def make(self, name: str, *, usage: str = "sign,cert", expire: str = "never", extra: tuple[str, ...] = ()) -> str:
        protection = () if "--passphrase" in extra else ("--passphrase", "")
        self.gpg(
            *("--pinentry-mode", "loopback", *protection, *extra),
            *("--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", usage, expire),
        )
        self.keys[name] = self.fingerprints(name)[0]
        return self.keys[name]

    def fingerprints(self, name: str) -> list[str]:
        listed = self.gpg("--with-colons", "--list-keys", f"{name}@example.org").decode()
        return [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]

    def sign(self, name: str, data: bytes, *extra: str) -> bytes:
        return self.gpg("--local-user", self.keys[name], *extra, "--output", "-", "--detach-sign", given=data)

    def revoke(self, name: str) -> None:
        certificate = (self.home / "openpgp-revocs.d" / f"{self.keys[name]}.rev").read_bytes()
        self.gpg("--import", given=certificate.replace(b":-----BEGIN", b"-----BEGIN"))


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    """Make an empty keyring whose path is short enough for the agent's socket."""
    with support.keyring() as home:
        yield Keyring(home)


@pytest.fixture
def keyed(world: World, keyring: Keyring) -> World:
    """Return the world with the keyring as the user's own."""
    return World({**world.environ, "GNUPGHOME": str(keyring.home)}, world.directory)
