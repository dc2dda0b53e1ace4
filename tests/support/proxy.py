"""A strict proxy for package archives: it knows one host, which exists nowhere else, and serves it from a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

HOST = "archive.example.invalid"


@dataclass
class Asked:
    """Where the proxy is, and the paths that it was asked for."""

    address: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def proxy(folder: Path) -> Iterator[Asked]:
    """Serve `folder` as `http://archive.example.invalid/`, to those only who ask by this proxy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            place = urlsplit(self.path)
            path = folder / unquote(place.path).lstrip("/")
            if place.hostname != HOST or not path.is_file():
                self.send_error(404 if place.hostname == HOST else 403)
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        asked = Asked(f"http://127.0.0.1:{server.server_address[1]}")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield asked
        finally:
            server.shutdown()
            serving.join()
