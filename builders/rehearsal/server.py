"""The rehearsal cloud: EC2, EBS, S3, SSM and STS on the loopback interface, in the memory of one process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recipe_runner.errors import RecipeError, UnmetError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from werkzeug.serving import BaseWSGIServer

LOOPBACK = "127.0.0.1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
"""Any credentials do; these say what they are."""


def application() -> WSGIApplication:
    """Return the cloud as a WSGI application; raises UnmetError when the extra `rehearsal` is not installed."""
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

        from builders.rehearsal.memory import remember  # noqa: PLC0415 -- moto takes a second to import
    except ImportError as fault:
        raise UnmetError.because(
            f"the rehearsal cloud needs moto: {fault}", hint="run `pip install 'recipe-runner[rehearsal]'`"
        ) from fault
    remember()
    cloud: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    return cloud


@contextmanager
def serving(app: WSGIApplication, *, port: int = 0) -> Iterator[str]:
    """Serve on the loopback interface for the block's time and give the address; 0 takes a free port.

    Raises RecipeError when the port cannot be had.
    """
    server = _bind(app, port)
    thread = threading.Thread(target=server.serve_forever, name="rehearsal cloud", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _bind(app: WSGIApplication, port: int) -> BaseWSGIServer:
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    class Quiet(MotoRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing: what is asked is the client's matter."""

    # werkzeug ends the process when it cannot bind; a socket of our own says why instead
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as fault:
        raise RecipeError.because(f"cannot listen on {LOOPBACK}:{port}: {fault.strerror}") from fault
    with listener:
        return make_server(LOOPBACK, port, app, threaded=True, request_handler=Quiet, fd=listener.fileno())
