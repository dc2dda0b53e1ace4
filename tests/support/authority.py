"""A time-stamping authority (RFC 3161): certificates and timestamps by the real openssl, served on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {directory}/serial
signer_cert = {directory}/tsa.pem
certs = {directory}/ca.pem
signer_key = {directory}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""
STAMPING = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
Answer = Callable[[bytes], tuple[int, bytes]]
"""Takes a request's body and returns status and body of the answer."""


@dataclass(frozen=True)
class Authority:
    """An authority with a root certificate `ca.pem` of its own."""

    directory: Path

    @classmethod
    def make(cls, directory: Path, *, days: int = 30, usage: str = STAMPING) -> Authority:
        """Make keys and certificates; the certificate that stamps is good for `days`."""
        directory.mkdir(parents=True)
        here = cls(directory)
        (directory / "serial").write_text("01\n")
        (directory / "usage").write_text(usage)
        (directory / "openssl.cnf").write_text(CONFIGURATION.format(directory=directory))
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        root = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Root", "-days", "3650"]
        here.openssl("req", "-x509", *key, *root, "-addext", "basicConstraints=critical,CA:TRUE")
        here.openssl("req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Stamps")
        by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        here.openssl("x509", "-req", "-in", "tsa.csr", *by, "-days", str(days), "-extfile", "usage", "-out", "tsa.pem")
        return here

    @property
    def ca(self) -> Path:
        """The certificate to trust."""
        return self.directory / "ca.pem"

    def stamp(self, query: bytes) -> bytes:
        """Answer a request with a timestamp, or with a refusal if it is none."""
        (self.directory / "query").write_bytes(query)
        self.openssl("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query", "-out", "reply")
        return (self.directory / "reply").read_bytes()

    def stamp_digest(self, sha256: str) -> bytes:
        """Return a timestamp of a digest."""
        return self.stamp(self.openssl("ts", "-query", "-digest", sha256, "-sha256", "-cert"))

    def openssl(self, *arguments: str) -> bytes:
        """Run openssl in the authority's directory."""
        done = subprocess.run(["openssl", *arguments], cwd=self.directory, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Answer POSTs on a free port of loopback for the block's time; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
