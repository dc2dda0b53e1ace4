from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from builders.boot import relay
from builders.boot.instance import Instance
from builders.boot.metadata import Visits, answer, serving, tree

INSTANCE = Instance("i-0123456789abcdef", "edward", "ssh-ed25519 AAAA", "#cloud-config\n{}\n")
LEAVES = tree(INSTANCE, "amd64")
TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN_PATH = "/latest/api/token"


@pytest.fixture
def service() -> Iterator[tuple[int, Visits]]:
    """Give the port of a service that answers both versions, and what it was asked."""
    with serving(LEAVES) as served:
        yield served


def ask(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=dict(headers or {}))
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text, response.headers


def test_botocore_finds_its_region(service: tuple[int, Visits]) -> None:
    """AWS's own client gets a session token and reads the availability zone with it."""
    port, visits = service
    fetcher = InstanceMetadataRegionFetcher(base_url=f"http://127.0.0.1:{port}/", num_attempts=1)
    assert fetcher.retrieve_region() == "us-east-1"
    assert (visits.tokens, visits.paths) == (1, ["/latest/meta-data/placement/availability-zone/"])


def test_botocore_finds_no_role(service: tuple[int, Visits]) -> None:
    """An instance without a role has no credentials, and AWS's client understands that."""
    port, _ = service
    assert (
        InstanceMetadataFetcher(base_url=f"http://127.0.0.1:{port}/", num_attempts=1).retrieve_iam_role_credentials()
        == {}
    )


def test_a_session_token_opens(service: tuple[int, Visits]) -> None:
    """Version 2: PUT gives a token with its life in a header; version 1 needs none."""
    port, _ = service
    status, token, headers = ask(port, "PUT", TOKEN_PATH, {TTL: "60"})
    assert (status, headers[TTL]) == (200, "60")
    assert ask(port, "GET", "/latest/meta-data/instance-id", {TOKEN: token})[:2] == (200, INSTANCE.id)
    assert ask(port, "GET", "/latest/meta-data/instance-id")[:2] == (200, INSTANCE.id)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PUT", TOKEN_PATH, {}, 400),
        ("PUT", TOKEN_PATH, {TTL: "0"}, 400),
        ("PUT", TOKEN_PATH, {TTL: "21601"}, 400),
        ("PUT", TOKEN_PATH, {TTL: "a day"}, 400),
        ("PUT", TOKEN_PATH, {TTL: "60", "X-Forwarded-For": "10.0.0.1"}, 403),
        ("PUT", "/latest/meta-data/", {TTL: "60"}, 404),
        ("GET", "/latest/meta-data/", {TOKEN: "wrong"}, 401),
        ("GET", "/1999-01-01/meta-data/", {}, 404),
        ("GET", "/latest/meta-data/iam/info", {}, 404),
        ("GET", "/latest/../../etc/passwd", {}, 404),
        ("POST", "/latest/meta-data/", {}, 501),
    ],
)
def test_what_ec2_refuses_is_refused(
    service: tuple[int, Visits], method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Missing or odd lifetimes, requests through a proxy, false tokens, unknown paths and methods get nothing."""
    assert ask(service[0], method, path, headers)[0] == status


def test_version_1_can_be_switched_off() -> None:
    """Where tokens are required, a request without one is not answered."""
    with serving(LEAVES, tokens_required=True) as (port, _):
        assert ask(port, "GET", "/latest/meta-data/")[0] == 401
        token = ask(port, "PUT", TOKEN_PATH, {TTL: "60"})[1]
        assert ask(port, "GET", "/latest/meta-data/", {TOKEN: token})[0] == 200


def test_directories_are_listed() -> None:
    """What has something below it ends with a slash, and keys are listed by number and name."""
    assert answer(LEAVES, "/latest/") == "dynamic/\nmeta-data/\nuser-data"
    assert "placement/" in (answer(LEAVES, "/2009-04-04/meta-data/") or "").split()
    assert answer(LEAVES, "/latest/meta-data/public-keys/") == "0=recipe"
    assert answer(LEAVES, "/latest/meta-data/public-keys/0/") == "openssh-key"
    assert answer(LEAVES, "/latest/meta-data/public-keys/0/openssh-key") == INSTANCE.public_key
    assert "latest" in (answer(LEAVES, "/") or "").split()


def test_the_identity_document_agrees() -> None:
    """The document says the same as the single values do."""
    document = json.loads(answer(LEAVES, "/latest/dynamic/instance-identity/document") or "")
    assert document["instanceId"] == INSTANCE.id
    assert document["architecture"] == "x86_64"
    assert document["availabilityZone"] == LEAVES["meta-data/placement/availability-zone"]


def test_a_connection_is_carried(service: tuple[int, Visits]) -> None:
    """The program that QEMU runs for a guest's connection carries a request there and the answer back."""
    words = [sys.executable, "-I", "-S", str(Path(relay.__file__)), str(service[0])]
    with Popen(words, stdin=PIPE, stdout=PIPE) as process:
        said, _ = process.communicate(b"GET /latest/user-data HTTP/1.0\r\n\r\n", timeout=30)
    assert said.endswith(INSTANCE.user_data.encode())
