"""An EC2-compatible cloud: AWS itself, a private cloud, or the rehearsal cloud."""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidRegionError

from builders.publish.faults import diagnose
from builders.publish.patience import Patience
from recipe_runner.errors import UnmetError, UsageError
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

AWS = "aws"
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
IN_FLIGHT = 16
"""Blocks under way at a time: boto3 needs the processor, not more of them."""


def _session() -> boto3.Session:
    with _made("the credentials"):
        return boto3.Session()


@dataclass(frozen=True, slots=True)
class Cloud:
    """Clients for each region of one endpoint; shared between threads.

    Without `endpoint_url` it is what boto3 takes by itself: AWS_ENDPOINT_URL, the profile's, or AWS.
    """

    endpoint_url: str | None = None
    patience: Patience = field(default_factory=Patience)
    session: boto3.Session = field(default_factory=_session)
    making: threading.Lock = field(default_factory=threading.Lock)
    made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def ec2(self, region: str) -> EC2Client:
        """Return a client for images and snapshots; it tries again by itself when a call is throttled or lost."""
        client: EC2Client = self._client("ec2", region, attempts=4)
        return client

    def ebs(self, region: str) -> EBSClient:
        """Return a client for blocks; it never tries again by itself, because `patience` does."""
        client: EBSClient = self._client("ebs", region, attempts=1)
        return client

    def sts(self, region: str) -> STSClient:
        """Return a client that tells who we are."""
        client: STSClient = self._client("sts", region, attempts=4)
        return client

    def s3(self) -> S3Client:
        """Return a client for objects, in the region of the session."""
        client: S3Client = self._client("s3", self.session.region_name or "us-east-1", attempts=2)
        return client

    def address(self, region: str) -> str:
        """Return the endpoint's address, or `aws` for AWS itself."""
        url = self.ec2(region).meta.endpoint_url
        return AWS if (urlsplit(url).hostname or "").endswith(AWS_DOMAINS) else url

    def _client(self, service: Literal["ec2", "ebs", "s3", "sts"], region: str, *, attempts: int) -> Any:  # noqa: ANN401 -- boto3 makes the type
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=IN_FLIGHT,
            proxies={} if self._on_loopback() else None,
        )
        with self.making, _made(f"a client for the region `{line(region)}`"):
            if (service, region) not in self.made:
                client = self.session.client(service, region, endpoint_url=self.endpoint_url, config=config)
                self.made[service, region] = client
            return self.made[service, region]

    def _on_loopback(self) -> bool:
        host = urlsplit(self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or "").hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


@contextmanager
def _made(what: str) -> Iterator[None]:
    """Turn boto3's refusal to make something into ours."""
    try:
        yield
    except (InvalidRegionError, ValueError) as fault:
        raise UsageError.because(f"cannot make {what}: {line(str(fault))}") from fault
    except BotoCoreError as fault:
        raise UnmetError(*diagnose(fault)) from fault
