from __future__ import annotations

from pathlib import Path

import pytest

from builders.proof.inspection import CHECKS, inspect
from builders.proof.root import Root
from tests.support.roots import Entry, write_root

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n"
STATUS = b"Package: base-passwd\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
GOOD = (
    Entry("", 0o755, folder=True),
    Entry("sbin", link="usr/sbin"),
    Entry("usr/sbin/init", 0o755),
    Entry("vmlinuz", link="boot/vmlinuz-6.1"),
    Entry("boot/vmlinuz-6.1"),
    Entry("etc/cloud/build.info"),
    Entry("etc/passwd"),
    Entry("etc/group"),
    Entry("etc/machine-id"),
    Entry("etc/shadow", 0o640, b"root:*:1::\nuser:!:1::\n"),
    Entry("tmp", 0o1777, folder=True),
    Entry("usr/bin/passwd", 0o4755),
    Entry("dev/null", 0o666, device=True),
    Entry("etc/resolv.conf", content=b"nameserver 127.0.0.53\n"),
    Entry("usr/lib/libssh.so", content=b"\0-----BEGIN OPENSSH PRIVATE KEY-----\n\0"),
    Entry("usr/lib/libgnutls.so", content=b"\x7fELF" + KEY),
    Entry("var/lib/dpkg/status", content=STATUS),
    Entry("etc/motd", content=b"not builder-2 nor mybuilder\n"),
    Entry("usr/sbin/tool", 0o755, b"the builder of houses\n"),
    Entry("var/lib/dpkg/info/tool.list", content=b"/.\n/sbin/tool\n/etc/none\n"),
    Entry("var/lib/dpkg/info/tool.templates", content=b"Which builder?\n"),
)
BAD = {
    "essential": [Entry("etc/passwd", 0o666)],
    "world-writable": [Entry("opt/open", 0o777, folder=True)],
    "set-id": [Entry("usr/bin/passwd2", 0o4755)],
    "caches": [Entry("var/cache/apt/archives/a.deb", content=b"x")],
    "identity": [Entry("etc/machine-id", content=b"0123456789abcdef0123456789abcdef\n")],
    "secrets": [Entry("root/.ssh/id", 0o600, KEY)],
    "build-machine": [Entry("etc/hosts", content=b"10.0.0.1 builder\n")],
    "devices": [Entry("opt/sda", device=True)],
    "packages": [Entry("var/lib/dpkg/status", content=STATUS.replace(b"ok installed", b"ok unpacked"))],
}
MORE = [
    ("set-id", Entry("usr/bin/caps", 0o755, capabilities=True)),
    ("identity", Entry("etc/ssh/ssh_host_rsa_key", 0o600, b"x")),
    ("identity", Entry("etc/resolv.conf", content=b"nameserver 10.0.0.1\n")),
    ("identity", Entry("var/log/dpkg.log", content=b"x")),
    ("secrets", Entry("etc/shadow", 0o640, b"root::1::\n")),
    ("secrets", Entry("etc/shadow", 0o640, b"root:$6$x:1::\n")),
    ("secrets", Entry("etc/apt/auth.conf", content=b"machine x login y password z")),
    ("build-machine", Entry("etc/apt/apt.conf.d/90proxy", content=b'Acquire::http::Proxy "http://10.0.0.1:3128";\n')),
    ("build-machine", Entry("etc/apt/sources.list", content=b"deb http://builder/debian x main\n")),
]


def root(tmp_path: Path, *entries: Entry) -> Root:
    replaced = {entry.path for entry in entries}
    kept = [entry for entry in GOOD if entry.path not in replaced]
    return Root.of(write_root(tmp_path / "root.tar", [*kept, *entries]), {"name": "builder"})


def found(subject: Root, *allowed: str) -> dict[str, list[str]]:
    return {r.check: [f.path for f in r.findings] for r in inspect(subject, allowed) if r.findings}


def test_a_good_root_has_no_findings(tmp_path: Path) -> None:
    """Known programs, sticky folders, markers without a key and names that only contain the machine's are no faults."""
    assert found(root(tmp_path)) == {}


@pytest.mark.parametrize(
    ("check", "entry"),
    [*((check, entry) for check, entries in BAD.items() for entry in entries), *MORE],
    ids=lambda value: value if isinstance(value, str) else value.path,
)
def test_each_fault_is_found_by_its_check(tmp_path: Path, check: str, entry: Entry) -> None:
    """What should not be in an image is named, by the check it belongs to."""
    subject = root(tmp_path, entry)
    assert entry.path in found(subject)[check]
    assert entry.path not in found(subject, f"{check}:/{entry.path}").get(check, [])


def test_every_check_can_fail() -> None:
    """No check is without an example that it finds."""
    assert set(BAD) == set(CHECKS)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """An image without an init or a kernel does not pass."""
    archive = write_root(
        tmp_path / "root.tar", [entry for entry in GOOD if entry.path not in {"vmlinuz", "usr/sbin/init"}]
    )
    assert found(Root.of(archive, {}))["essential"] == ["sbin/init", "vmlinuz"]
