"""Every text of a definition, fuzzed with what shells, apt, sfdisk, GRUB, fstab and YAML understand."""

from __future__ import annotations

import copy
import io
import re
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.build.buildinfo import format_info, parse_info
from builders.build.disks import disk_commands, disk_names
from builders.build.grub import menu
from builders.build.layout import Layout, data_partitions, sfdisk_script
from builders.build.rootfs import mmdebstrap_command
from builders.customise.customise import entries
from builders.customise.hooks import hooks_of, inside
from builders.distros.check import load_definition
from builders.distros.table import distribution
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.images.writing import DEFINITION, format_table, write_definition
from builders.rootfs import Rootfs, inspect
from builders.workshop.bench import drawn_bench
from builders.workshop.sources import parse_list
from recipe_runner.errors import RecipeError
from tests.support.karmic import SERIAL, Notes

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJe1Xq0yb7K0bQh2n0A5x3YAvd7W4Uq1xQ3VqgqVw0fD keycomment"
SAMPLE: dict[str, Any] = {
    "distribution": "debian",
    "codename": "codenamex",
    "flavour": "flavourx",
    "title": "Titlex",
    "kernel": "kernelx",
    "packages": ["packagex", "sudo"],
    "remove": ["removex"],
    "tasks": ["taskx"],
    "debconf": "debconf",
    "locale": "xx_XX.UTF-8",
    "timezone": "Europe/Berlin",
    "hostname": "hostx",
    "first-boot": ["script"],
    "first-login": ["script"],
    "variables": {"variablex": "Variablevaluex"},
    "archive": {
        "components": ["main"],
        "snapshot": "20250520T000000Z",
        "snapshot-url": "http://snapshot.example.org/{archive}/{snapshot}/y",
        "image-mirror": "http://mirrorx.example.org/debian",
        "image-security-mirror": "http://securityx.example.org/debian",
        "proxy": "http://proxyx.example.org:3128",
        "repositories": [
            {
                "name": "repositoryx",
                "uri": "http://archive-of-tools.example.org/debian",
                "suite": "suitex",
                "components": ["componentx"],
                "key": "key",
                "fingerprint": "A" * 40,
            }
        ],
    },
    "users": [
        {
            "name": "userx",
            "full-name": "Fullx",
            "groups": ["groupx"],
            "shell": "/bin/shellx",
            "ssh-keys": [KEY],
            "password-hash": "$6$saltsalt$hashx",
            "sudo": True,
        }
    ],
    "files": [{"source": "script", "target": "/opt/targetx", "mode": "0640", "owner": "root", "group": "root"}],
    "hooks": [
        {"script": "script", "phase": "packages"},
        {"script": "script", "phase": "essential", "where": "outside"},
    ],
    "cloud-init": {"datasources": ["NoCloud"]},
    "boot": {"arguments": "argumentsx", "marker": "markerx"},
    "disk": {
        "size": "1 GiB",
        "label": "rootlabelx",
        "options": "rootoptionsx",
        "partitions": [{"mount": "/srv", "size": "64 MiB", "label": "partlabelx", "options": "partoptionsx"}],
    },
    "disks": [{"name": "diskx", "size": "64 MiB", "partitions": [{"size": "32 MiB", "mount": "/srv/more"}]}],
}
PIECES = (
    *("\n", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\u202e", "\x1b[31m", "\t", " ", "  "),
    *("; reboot", "$(id)", "`id`", "${IFS}", "&&id", "|id", ">x", "<x", "*", "?", "~", "#", "'", '"', "\\", "!"),
    *("-", "--", "-o", "--x=", "../", "/../", "//", "/", ".", ":", "::", ",", "=", "@", "%", "%0a", "%s"),
    *(
        "[",
        "]",
        "{",
        "}",
        "{{ 7*7 }}",
        "{% raw %}",
        "{archive.__class__}",
        "{0}",
        "<<EOF",
        "}\nmenuentry x {",
        "&x",
        "é",
        "|\n  x",
    ),
    *("start=1, type=x", "\nuserx2::0:0::/:/bin/sh", "deb [trusted=yes] http://x x", "]]", "\nssh_pwauth: true\n"),
)
UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{8}\b|\b[0-9a-f]{40,}\b")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the place of each text."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))


LEAVES = tuple(leaves(SAMPLE))


def written(path: tuple[Any, ...]) -> str:
    """Return what the sample says at a place."""
    value: Any = SAMPLE
    for key in path:
        value = value[key]
    return str(value)


def changed(path: tuple[Any, ...], value: str) -> dict[str, Any]:
    """Return the sample with another text at a place."""
    made = copy.deepcopy(SAMPLE)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


@st.composite
def hostile(draw: st.DrawFn, path: tuple[Any, ...]) -> str:
    """Draw a text that means something to somebody: the sample's with a piece in it, pieces alone, or anything."""
    before = written(path)
    piece = draw(st.sampled_from(PIECES))
    at = draw(st.integers(0, len(before)))
    whole = st.just(piece) | st.text(max_size=20) | st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
    return draw(st.just(before[:at] + piece + before[at:]) | st.sampled_from((piece + before, before + piece)) | whole)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the files that the sample names."""
    place = tmp_path_factory.mktemp("fuzz")
    for name in ("debconf", "key", "script"):
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    return place


@pytest.fixture(scope="module")
def root(folder: Path) -> Rootfs:
    """Give a root that has what the sample needs."""
    texts = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/shadow": "root:*:1::::::\n",
        "etc/group": "root:x:0:\nsudo:x:27:\n",
        "etc/gshadow": "root:*::\nsudo:*::\n",
        "usr/bin/sudo": "",
        "usr/share/zoneinfo/Europe/Berlin": "",
        "etc/cloud/cloud.cfg.d/x": "",
        "boot/vmlinuz-6": "",
    }
    with tarfile.open(folder / "root.tar", "w") as tar:
        for name in ("etc", "etc/cloud", "etc/cloud/cloud.cfg.d", "usr", "usr/share", "usr/share/zoneinfo"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        for name, text in texts.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("vmlinuz")
        link.type, link.linkname = tarfile.SYMTYPE, "boot/vmlinuz-6"
        tar.addfile(link)
    return inspect(folder / "root.tar")


def read(folder: Path, table: dict[str, Any]) -> Definition:
    """Write a definition and read it."""
    (folder / "x.toml").write_text(format_table(table), "utf-8", "surrogatepass")
    return load_definition(folder / "x.toml")


def rendered(definition: Definition, root: Rootfs) -> list[str]:
    """Return everything that is made of a definition's texts: words of commands, files, tables; shell taken apart."""
    bench = drawn_bench(definition, Serial.parse(SERIAL), Notes())
    bootstrap = distribution(definition.distribution).bootstrap(bench)
    layout = Layout.of(definition, bench.identity)
    found: list[str] = []
    for word in map(str, mmdebstrap_command(bench, bootstrap)):
        found += (
            shlex.split(word, comments=True) if word.startswith(("--setup-hook=", "--customize-hook=set")) else [word]
        )
    for hook in hooks_of(definition, "packages"):
        found += map(str, inside(bench, "/root", hook, "namespace", network=False))
    for source in bootstrap.sources:
        (again,) = parse_list(str(source))
        assert (again.uri, again.suite, again.components) == (source.uri, source.suite, source.components)
        found.append(str(source))
    for entry in entries(bench, root, bootstrap):
        found += [entry.path, entry.content.decode(), entry.target, oct(entry.mode)]
    for name, value in bootstrap.environ.items():
        found += [name, *value.split(" ")]
    disks = {name: Path(f"/disk-{name}") for name in disk_names(definition)}
    for command in disk_commands(bench, Path("mke2fs"), layout, disks):
        found += map(str, command)
    for extra in definition.disks:
        found.append(sfdisk_script(bench.identity.uuid("x"), data_partitions(extra, bench.identity)))
    found += [layout.sfdisk_script(), menu(layout, root, definition.disk, definition.boot.arguments)]
    info = format_info(definition, bench.serial, "6", {})
    assert len(parse_info(info)) == len(info.split("\n")) - 1 == 8
    found.append(info)
    return [UNIQUE.sub("UNIQUE", text) for text in found]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_text_is_refused_or_arrives_as_it_is(folder: Path, root: Rootfs, data: st.DataObject) -> None:
    """Whatever stands in one place of a definition is a fault, or stands where it belongs, as it is."""
    path = data.draw(st.sampled_from(LEAVES))
    value, before = data.draw(hostile(path)), written(path)
    try:
        definition = read(folder, changed(path, value))
        texts = rendered(definition, root)
    except RecipeError:
        return
    usual = rendered(read(folder, SAMPLE), root)
    assert len(texts) == len(usual)
    for text, then in zip(texts, usual, strict=True):
        assert text.startswith("-") == then.startswith("-")
        assert text.count("\n") == then.count("\n")
        if before.endswith("x"):
            assert text == then.replace(
                before.removeprefix("/"), value.removeprefix("/") if before[0] == "/" else value
            )
    (folder / "inputs").mkdir(exist_ok=True)
    write_definition(definition, folder)
    assert load_definition(folder / DEFINITION) == definition
