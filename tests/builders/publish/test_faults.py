from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError

from builders.publish.cloud import Cloud
from builders.publish.ec2 import prepare
from builders.publish.faults import diagnose, not_offered, passing
from recipe_runner.errors import Diagnostic, RecipeError, UnmetError
from tests.builders.publish.conftest import QUICK, Stage


def refusal(code: str, status: int, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
                "HostId": "",
            },
        },
        "RegisterImage",
    )


@pytest.mark.parametrize(
    ("code", "status", "again"),
    [
        ("ThrottlingException", 400, True),
        ("RequestLimitExceeded", 503, True),
        ("InternalServerException", 500, True),
        ("ValidationException", 400, False),
        ("UnauthorizedOperation", 403, False),
    ],
)
def test_only_load_and_server_trouble_pass(code: str, status: int, again: bool) -> None:
    """A refusal of the request itself is not repeated."""
    assert passing(refusal(code, status)) is again


def test_an_unknown_call_is_told_from_a_refused_one() -> None:
    """`not_offered` is for endpoints without the call, never for a missing permission."""
    assert not_offered(refusal("InvalidAction", 400))
    assert not not_offered(refusal("UnauthorizedOperation", 403))


def test_what_a_cloud_says_cannot_move_the_cursor() -> None:
    """Terminal escapes in a cloud's message are made visible."""
    (fault,) = diagnose(refusal("Bad", 400, "\x1b[2Jgone"), where="us-east-1")
    assert "\x1b" not in fault.message
    assert fault.message.startswith("us-east-1: the cloud refused `RegisterImage`: ")


def test_our_own_faults_keep_their_hints() -> None:
    """A fault of ours only gets its place."""
    (fault,) = diagnose(RecipeError(Diagnostic("broken", hint="mend it")), where="us-east-1")
    assert (fault.message, fault.hint) == ("us-east-1: broken", "mend it")


def test_an_endpoint_that_is_no_cloud_is_no_traceback(stage: Stage) -> None:
    """A web page where a cloud should be is named as such."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Welcome</body>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = Cloud(f"http://127.0.0.1:{server.server_port}", QUICK)
        with pytest.raises(UnmetError, match="what answers is not a cloud"):
            prepare(stage.order, page, stage.say)
        server.shutdown()
