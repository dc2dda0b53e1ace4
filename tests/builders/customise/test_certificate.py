from __future__ import annotations

from typing import Literal

from builders.archive import Member
from builders.customise.certificate import MAKER, certificate, certificate_paths

PEM = "etc/ssl/certs/ssl-cert-snakeoil.pem"
KEY = "etc/ssl/private/ssl-cert-snakeoil.key"


def member(path: str, kind: Literal["file", "symlink"] = "file", target: str = "") -> tuple[str, Member]:
    return path, Member(path, kind, 0o644, 0, 0, 0, target, 0, False)


MEMBERS = dict(
    [
        member(MAKER),
        member(PEM),
        member(KEY),
        member("etc/ssl/certs/62742064.0", "symlink", "ssl-cert-snakeoil.pem"),
        member("etc/ssl/certs/ca.pem", "symlink", "/usr/share/ca.crt"),
    ]
)


def test_no_two_machines_share_a_key() -> None:
    """Key, certificate and its links are taken out, authorities stay; each machine makes its own as it starts."""
    assert certificate_paths(MEMBERS, "systemd") == {PEM, KEY, "etc/ssl/certs/62742064.0"}
    unit, start = certificate(MEMBERS, "systemd")
    assert f"ConditionPathExists=!/{KEY}".encode() in unit.content
    assert start.target == f"/{unit.path}"


def test_a_certificate_is_taken_only_from_who_can_make_another() -> None:
    """Without the package's program, and under an init that would not start it, all stays as it is."""
    assert not certificate_paths(dict([member(PEM)]), "systemd")
    assert not certificate_paths(MEMBERS, "sysv")
    assert not list(certificate(MEMBERS, "sysv"))
