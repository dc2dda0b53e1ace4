from __future__ import annotations

import socket
import sys

import pytest

from builders.rehearsal.server import application, serving
from recipe_runner.errors import RecipeError, UnmetError
from tests.support.cloud import fresh_cloud


def test_it_listens_on_the_loopback_interface_only() -> None:
    """The address is 127.0.0.1 with a port of its own."""
    with fresh_cloud() as (address, _), fresh_cloud() as (other, _):
        assert address.startswith("http://127.0.0.1:")
        assert address != other


def test_a_port_in_use_is_one_clear_fault() -> None:
    """The port and the reason are named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(RecipeError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"),
            serving(application(), port=port),
        ):
            pass


def test_after_the_end_nobody_answers() -> None:
    """The port is free again when the block is over."""
    with fresh_cloud() as (address, _):
        port = int(address.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_without_moto_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint is a command that installs what is missing."""
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    with pytest.raises(UnmetError, match="needs moto") as caught:
        application()
    assert caught.value.diagnostics[0].hint == "run `pip install 'recipe-runner[rehearsal]'`"
