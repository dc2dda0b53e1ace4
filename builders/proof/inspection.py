"""The characteristics of a root: what Ubuntu's cloud image tests look for, one check for each."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from builders.archive import resolve
from builders.proof.packages import half_installed
from builders.proof.root import STATUS, Root


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be so: the path in the root, and what is wrong with it."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one check has found; nothing is good."""

    check: str
    title: str
    findings: tuple[Finding, ...]


def inspect(root: Root, allowed: tuple[str, ...] = ()) -> tuple[Result, ...]:
    """Run every check; findings whose `check:path` matches one of the allowed patterns are left out."""
    return tuple(
        Result(
            name,
            (check.__doc__ or "").splitlines()[0].rstrip("."),
            tuple(
                finding
                for finding in check(root)
                if not any(fnmatchcase(f"{name}:/{finding.path}", pattern) for pattern in allowed)
            ),
        )
        for name, check in CHECKS.items()
    )


@dataclass(frozen=True, slots=True)
class _Essential:
    path: str
    modes: frozenset[int]
    package: str | None = None


_ESSENTIAL = (
    _Essential("sbin/init", frozenset({0o755})),
    _Essential("vmlinuz", frozenset({0o600, 0o644})),
    _Essential("etc/cloud/build.info", frozenset({0o644})),
    _Essential("etc/passwd", frozenset({0o644}), "base-passwd"),
    _Essential("etc/group", frozenset({0o644}), "base-passwd"),
    _Essential("etc/shadow", frozenset({0o000, 0o600, 0o640}), "passwd"),
    _Essential("etc/gshadow", frozenset({0o000, 0o600, 0o640}), "passwd"),
    _Essential("etc/fstab", frozenset({0o644}), "mount"),
    _Essential("etc/machine-id", frozenset({0o444, 0o644}), "systemd"),
    _Essential("etc/sudoers", frozenset({0o440}), "sudo"),
    _Essential("etc/ssh/sshd_config", frozenset({0o600, 0o644}), "openssh-server"),
    _Essential("etc/cloud/cloud.cfg", frozenset({0o644}), "cloud-init"),
    _Essential("tmp", frozenset({0o1777}), "base-files"),
    _Essential("var/tmp", frozenset({0o1777}), "base-files"),
    _Essential("root", frozenset({0o700, 0o750}), "base-files"),
)


def _essential(root: Root) -> Iterator[Finding]:
    """Essential files are there, with their modes, and belong to root."""
    for wanted in _ESSENTIAL:
        if wanted.package and wanted.package not in root.packages:
            continue
        found = resolve(root.members, wanted.path)
        if found is None:
            yield Finding(wanted.path, "is missing")
            continue
        mode = stat.S_IMODE(found.mode)
        if mode not in wanted.modes:
            yield Finding(
                wanted.path, f"has mode {mode:04o}, wanted {' or '.join(f'{m:04o}' for m in sorted(wanted.modes))}"
            )
        if found.uid:
            yield Finding(wanted.path, f"belongs to user {found.uid}, wanted root")


def _world_writable(root: Root) -> Iterator[Finding]:
    """Nothing can be written to by everybody, but for folders with the sticky bit."""
    for member in root.below("*"):
        mode = stat.S_IMODE(member.mode)
        sticky = member.kind == "directory" and mode & stat.S_ISVTX
        if member.kind in {"file", "directory"} and mode & stat.S_IWOTH and not sticky:
            yield Finding(member.path, f"has mode {mode:04o}")


_SET_ID = (
    *("bin/su", "bin/mount", "bin/umount", "bin/ping", "bin/ping6", "bin/fusermount", "bin/fusermount3", "bin/ntfs-3g"),
    *("sbin/unix_chkpwd", "sbin/mount.cifs", "sbin/mount.nfs", "sbin/pam_extrausers_chkpwd"),
    *("usr/sbin/exim4", "usr/sbin/postdrop", "usr/sbin/postqueue", "usr/sbin/pppd", "usr/lib/snapd/snap-confine"),
    *(f"usr/bin/{n}" for n in ("chage", "chfn", "chsh", "crontab", "expiry", "gpasswd", "newgrp", "passwd", "pkexec")),
    *(f"usr/bin/{n}" for n in ("bsd-write", "dotlockfile", "mlocate", "newgidmap", "newuidmap", "ssh-agent", "sudo")),
    *(f"usr/bin/{n}" for n in ("at", "locate", "mtr-packet", "plocate", "sudoedit", "traceroute6.iputils", "wall")),
    *(f"usr/bin/{n}" for n in ("write", "write.ul", "screen")),
    *("usr/lib/openssh/ssh-keysign", "usr/lib/dbus-1.0/dbus-daemon-launch-helper", "usr/lib/eject/dmcrypt-get-device"),
    *("usr/lib/policykit-1/polkit-agent-helper-1", "usr/lib/polkit-1/polkit-agent-helper-1", "usr/lib/pt_chown"),
    *("usr/libexec/polkit-agent-helper-1", "usr/lib/*/utempter/utempter"),
)
"""Programs of Debian and Ubuntu that have another user's or group's rights, or capabilities, on purpose."""


def _set_id(root: Root) -> Iterator[Finding]:
    """No program has another user's rights or capabilities, but those that are known to."""
    for member in root.below("*"):
        path, with_id = member.path, member.mode & (stat.S_ISUID | stat.S_ISGID)
        if member.kind != "file" or not (with_id or member.capabilities):
            continue
        if not any(fnmatchcase(path, pattern) or fnmatchcase(path, f"usr/{pattern}") for pattern in _SET_ID):
            said = f"has mode {stat.S_IMODE(member.mode):04o}" if with_id else "has file capabilities"
            yield Finding(path, said)


def _caches(root: Root) -> Iterator[Finding]:
    """No packages, package lists or caches that the first update makes anew."""
    for member in root.below(
        "var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*_*", "var/cache/debconf/*-old",
        "var/lib/dpkg/*-old", "var/lib/dpkg/triggers/Unincorp",
    ):  # fmt: skip
        if member.kind == "file" and member.size:
            yield Finding(member.path, f"has {member.size} bytes")


def _identity(root: Root) -> Iterator[Finding]:
    """Nothing that must differ from machine to machine: keys, ids, seeds, leases, instance data, histories, logs."""
    for member in root.below(
        "etc/ssh/ssh_host_*", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/lib/cloud/instance*",
        "var/lib/dhcp/*leases", "var/lib/NetworkManager/*lease*", "etc/udev/rules.d/70-persistent-*", "root/.*_history",
        "home/*/.*_history", "etc/ssl/private/ssl-cert-snakeoil.key", "var/log/*",
    ):  # fmt: skip
        if member.kind == "file" and member.size:
            yield Finding(member.path, f"has {member.size} bytes")
    machine_id = root.read("etc/machine-id").strip()
    if machine_id and machine_id != "uninitialized":
        yield Finding("etc/machine-id", "names a machine, wanted empty or `uninitialized`")
    resolver = root.members.get("etc/resolv.conf")
    servers = re.findall(r"^\s*nameserver\s+(\S+)", root.read("etc/resolv.conf"), re.MULTILINE)
    if resolver and resolver.kind == "file" and any(not server.startswith("127.") for server in servers):
        yield Finding("etc/resolv.conf", f"names the servers {', '.join(servers)}")


_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----\r?\n(?:[A-Za-z-]+: [^\n]*\n|\r?\n)*[A-Za-z0-9+/=]{16}"
)


def _secrets(root: Root) -> Iterator[Finding]:
    """No private keys, no user with an empty or a set password, no login of apt."""
    for member, _ in root.containing(_PRIVATE_KEY, b"PRIVATE KEY"):
        if not root.read(member.path).startswith("\x7fELF"):  # GnuTLS has keys in its library, for its own tests
            yield Finding(member.path, "holds a private key")
    for row in root.read("etc/shadow").splitlines():
        name, _, rest = row.partition(":")
        password = rest.split(":", 1)[0]
        if not password or password[:1] not in {"*", "!"}:
            yield Finding("etc/shadow", f"user `{name}` has {'a' if password else 'an empty'} password")
    for member in root.below(
        "etc/apt/auth.conf", "etc/apt/auth.conf.d/*", "root/.netrc", "home/*/.netrc", "*/.aws/credentials"
    ):
        if member.kind == "file" and member.size:
            yield Finding(member.path, "holds logins")


_ANYBODYS = ("var/lib/dpkg/*", "var/cache/debconf/templates.dat*", "usr/lib/locale/*", "boot/*", "*.pyc")
"""Texts of packages and what is computed from them alone, as `packaged` files are."""


def _build_machine(root: Root) -> Iterator[Finding]:
    """Nothing names the machine it was built on: its host, its proxy, its mirror."""
    for what, text in root.foreign.items():
        word = re.compile(rb"(?<![A-Za-z0-9.-])" + re.escape(text.encode()) + rb"(?![A-Za-z0-9-])")
        for member, _ in root.containing(word, text.encode()):
            # machines have names such as `worker`; files that are the same everywhere may hold any word
            anybodys = any(fnmatchcase(member.path, pattern) for pattern in _ANYBODYS)
            if not anybodys and member.path not in root.packaged:
                yield Finding(member.path, f"names the build machine's {what} `{text}`")
    for member in root.below("etc/apt/apt.conf", "etc/apt/apt.conf.d/*"):
        if re.search(r"^\s*Acquire::\w+::Proxy", root.read(member.path), re.MULTILINE | re.IGNORECASE):
            yield Finding(member.path, "sets a proxy for apt")


_DEVICES = frozenset({"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"})


def _devices(root: Root) -> Iterator[Finding]:
    """No device nodes but the few that every root may have in `/dev`."""
    for member in root.below("*"):
        folder, _, name = member.path.rpartition("/")
        if member.kind == "device" and not (folder == "dev" and name in _DEVICES):
            yield Finding(member.path, "is a device node")


def _packages(root: Root) -> Iterator[Finding]:
    """Every package is installed whole."""
    if STATUS not in root.members:
        yield Finding(STATUS, "is missing")
    for name, state in sorted(half_installed(root.read(STATUS)).items()):
        yield Finding(STATUS, f"package `{name}` is `{state}`")


CHECKS: dict[str, Callable[[Root], Iterator[Finding]]] = {
    "essential": _essential,
    "world-writable": _world_writable,
    "set-id": _set_id,
    "caches": _caches,
    "identity": _identity,
    "secrets": _secrets,
    "build-machine": _build_machine,
    "devices": _devices,
    "packages": _packages,
}
"""Every check by the name that findings are allowed with; the first line of its docstring is its title."""
