"""What the machine finds in itself: users, its address, scripts, copied files."""

from __future__ import annotations

import ipaddress
import re
import shlex
from typing import Any

from builders.vmbuilder.work import Work
from recipe_runner.errors import Span
from recipe_runner.sanitise import line

NETWORK = "/etc/systemd/network/10-static.network"


def people(work: Work) -> None:
    """Write `users`: root where it has keys, and the first user."""
    users: list[dict[str, Any]] = []
    if root_keys := _keys(work, "ssh-key"):
        users.append({"name": "root", "ssh-keys": root_keys})
    if any(work.settings.last(name) for name in ("user", "name", "uid", "pass", "ssh-user-key", "lock-user")):
        distribution = work.made.table["distribution"]
        user: dict[str, Any] = {"name": work.text("user") or distribution, "sudo": True}
        user["full-name"] = work.text("name") or distribution.capitalize()
        if uid := work.text("uid"):
            if uid.isdecimal():
                user["uid"] = int(uid)
            else:
                work.fault("uid", f"`{line(uid)}` is no number")
        if keys := _keys(work, "ssh-user-key"):
            user["ssh-keys"] = keys
        elif work.settings.last("pass"):
            work.remark("pass", f"until `{line(user['name'])}` has a key or a `password-hash`, it cannot log in")
        users.append(user)
    if users:
        work.made.table["users"] = users


def _keys(work: Work, name: str) -> list[str]:
    if not (text := work.text(name)) or (content := work.read(name, text)) is None:
        return []
    if b"PRIVATE KEY" in content:
        work.fault(name, f"`{line(text)}` is a private key", hint="name the public one, `.pub`")
        return []
    rows = (row.strip() for row in content.decode("utf-8", "replace").splitlines())
    return [row for row in rows if row and not row.startswith("#")]


def network(work: Work) -> None:
    """Write a file of systemd-networkd for an address that is not asked by DHCP."""
    address = work.text("ip")
    if address in {"", "dhcp"}:
        for name in ("mask", "gw", "dns"):
            if work.settings.last(name):
                work.remark(name, "counts only with an address")
        return
    try:
        interface = ipaddress.IPv4Interface(f"{address}/{work.text('mask') or '255.255.255.0'}")
        gateway = ipaddress.IPv4Address(work.text("gw") or interface.network[1])
        servers = [ipaddress.IPv4Address(word) for word in work.list_of("dns")] or [gateway]
    except ValueError as fault:
        work.fault("ip", line(str(fault)))
        return
    names = "".join(f"DNS={server}\n" for server in servers)
    text = f"[Match]\nName=en* eth*\n\n[Network]\nAddress={interface.with_prefixlen}\nGateway={gateway}\n{names}"
    path = work.attach("ip", NETWORK, text.encode())
    work.made.table.setdefault("files", []).append({"source": path, "target": NETWORK})


def scripts(work: Work) -> None:
    """Write scripts of the first boot and login, the hook, and copied files."""
    table = work.made.table
    for name, key in (("firstboot", "first-boot"), ("firstlogin", "first-login")):
        if script := work.script(name):
            table[key] = [script]
    if script := work.script("execscript"):
        table["hooks"] = [{"script": script, "where": "outside"}]
    if text := work.text("copy"):
        content = work.read("copy", text)
        for number, row in enumerate((content or b"").decode("utf-8", "replace").splitlines(), 1):
            _copied(work, row, Span(text, number, 1, max(1, len(row)), row))


def _copied(work: Work, row: str, span: Span) -> None:
    try:
        words = shlex.split(row)
    except ValueError as fault:
        work.fault("copy", line(str(fault).lower()), span=span)
        return
    if len(words) < 2:  # noqa: PLR2004 - source and target; VMBuilder passes over what is shorter
        return
    source, target = work.path(words[0]), words[1]
    if source.is_dir():
        pairs = [(path, f"{target}/{path.relative_to(source)}") for path in sorted(source.rglob("*")) if path.is_file()]
    else:
        pairs = [(source, f"{target}{source.name}" if target.endswith("/") else target)]
    for path, place in pairs:
        content = work.read("copy", str(path), span)
        if content is None:
            continue
        if b"PRIVATE KEY-----" in content:
            work.remark("copy", f"`{line(path.name)}` holds a private key: see what you publish", span)
        mode = f"{path.stat().st_mode & 0o7777:04o}"
        entry = {"source": work.attach("copy", str(path), content), "target": re.sub(r"//+", "/", place), "mode": mode}
        work.made.table.setdefault("files", []).append(entry)
