from __future__ import annotations

from pathlib import Path

import pytest

from builders.distros.apt_family import AptFamily
from builders.distros.archives import image_files
from builders.distros.check import load_definition
from builders.distros.debian import Debian
from builders.distros.ubuntu import Ubuntu
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.workshop.bench import drawn_bench
from builders.workshop.machine import DEBIAN_KEYRING
from builders.workshop.sources import Source
from recipe_runner.errors import UsageError
from tests.support.definitions import parse_definition
from tests.support.karmic import Notes

ARMOUR = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
KNOWN = [
    Source("http://near/debian", "bookworm", ("main", "contrib")),
    Source("http://near/debian", "bookworm-updates", ("main",)),
    Source("http://near/debian", "trixie", ("main",)),
]


def definition(folder: Path, codename: str, archive: str = "", top: str = "") -> Definition:
    (folder / "key").write_text(ARMOUR)
    text = (
        f'distribution = "x"\ncodename = "{codename}"\ntitle = "t"\n{top}[disk]\nsize = "1 GiB"\n[archive]\n{archive}'
    )
    return parse_definition(text, str(folder / "x.toml"))


def sources(family: AptFamily, wanted: Definition, known: list[Source] | None = None) -> list[str]:
    archives = family.release(wanted).archives
    return [str(source) for source in archives.build(wanted, "/key", known or [])]


def test_debian_is_built_from_the_machines_own_mirror(tmp_path: Path) -> None:
    """What the machine knows of the suite and its pockets counts, with the definition's components."""
    wanted = definition(tmp_path, "bookworm", 'components = ["main", "non-free-firmware"]\npockets = ["updates"]\n')
    assert sources(Debian(), wanted, KNOWN) == [
        "deb [signed-by=/key] http://near/debian bookworm main non-free-firmware",
        "deb [signed-by=/key] http://near/debian bookworm-updates main non-free-firmware",
    ]


def test_a_pocket_is_built_from_whether_the_machine_uses_it_or_not(tmp_path: Path) -> None:
    """Security updates and backports are never left out because this machine's apt does without."""
    wanted = definition(tmp_path, "bookworm", 'pockets = ["security", "backports"]\n')
    assert sources(Debian(), wanted, KNOWN) == [
        "deb [signed-by=/key] http://near/debian bookworm main",
        "deb [signed-by=/key] http://deb.debian.org/debian-security bookworm-security main",
        "deb [signed-by=/key] http://near/debian bookworm-backports main",
    ]


def test_a_named_mirror_counts_for_the_build_only(tmp_path: Path) -> None:
    """What is built from and what the image knows are two things."""
    archive = 'mirror = "http://inside/debian"\nimage-mirror = "http://outside/debian"\npockets = ["backports"]\n'
    wanted = definition(tmp_path, "bookworm", archive)
    assert sources(Debian(), wanted, KNOWN) == [
        "deb [signed-by=/key] http://inside/debian bookworm main",
        "deb [signed-by=/key] http://inside/debian bookworm-backports main",
    ]
    assert image_files(Debian().release(wanted).archives, wanted)["etc/apt/sources.list"].decode().splitlines() == [
        "deb http://outside/debian bookworm main",
        "deb http://outside/debian bookworm-backports main",
    ]


def test_a_snapshot_is_old_and_may_be(tmp_path: Path) -> None:
    """Each archive has its own address in the snapshot, and expired indexes count there."""
    wanted = definition(tmp_path, "trixie", 'snapshot = "20250520T000000Z"\npockets = ["security"]\n')
    at = "http://snapshot.debian.org/archive"
    assert sources(Debian(), wanted, KNOWN) == [
        f"deb [signed-by=/key check-valid-until=no] {at}/debian/20250520T000000Z trixie main",
        f"deb [signed-by=/key check-valid-until=no] {at}/debian-security/20250520T000000Z trixie-security main",
    ]
    assert "snapshot" not in image_files(Debian().release(wanted).archives, wanted)["etc/apt/sources.list"].decode()


def test_a_rolling_suite_has_no_pockets(tmp_path: Path) -> None:
    """The default pockets are none there; naming one is a fault."""
    assert sources(Debian(), definition(tmp_path, "sid")) == [
        "deb [signed-by=/key] http://deb.debian.org/debian sid main"
    ]
    named = definition(tmp_path, "sid", 'pockets = ["security"]\n', 'kernel = "linux-image-cloud-amd64"\n')
    assert [misfit.path for misfit in Debian().misfits(named)] == [("archive", "pockets", 0)]


def test_ubuntu_has_its_own_pockets_and_ports(tmp_path: Path) -> None:
    """Security updates come from their own mirror, other architectures from the ports, a snapshot from one address."""
    archive = 'components = ["main", "universe"]\npockets = ["security", "proposed"]\n'
    assert sources(Ubuntu(), definition(tmp_path, "noble", archive)) == [
        "deb [signed-by=/key] http://archive.ubuntu.com/ubuntu noble main universe",
        "deb [signed-by=/key] http://security.ubuntu.com/ubuntu noble-security main universe",
        "deb [signed-by=/key] http://archive.ubuntu.com/ubuntu noble-proposed main universe",
    ]
    ports = definition(tmp_path, "noble", "pockets = []\n", 'architecture = "arm64"\n')
    assert sources(Ubuntu(), ports) == ["deb [signed-by=/key] http://ports.ubuntu.com/ubuntu-ports noble main"]
    dated = definition(tmp_path, "noble", 'snapshot = "20250520T000000Z"\npockets = []\n')
    assert "https://snapshot.ubuntu.com/ubuntu/20250520T000000Z noble" in sources(Ubuntu(), dated)[0]


def test_historical_ubuntu_is_in_the_museum(tmp_path: Path) -> None:
    """All pockets are on one mirror; init, kernel and packing are those of the time; the keys must be given."""
    wanted = definition(tmp_path, "jaunty")
    release = Ubuntu().release(wanted)
    assert all("http://old-releases.ubuntu.com/ubuntu jaunty" in source for source in sources(Ubuntu(), wanted))
    assert (release.init, release.kernel, release.compression) == ("sysv", "linux-server", "gzip")
    assert [misfit.path for misfit in Ubuntu().misfits(wanted)] == [("archive", "keyring")]
    assert not list(Ubuntu().misfits(definition(tmp_path, "karmic", 'keyring = "key"\n')))
    assert not list(Ubuntu().misfits(definition(tmp_path, "noble")))


def test_repositories_have_their_own_keys(tmp_path: Path) -> None:
    """One that is kept is in the image with its key, one that is not is only built from."""
    archive = "".join(
        f'[[archive.repositories]]\nname = "{name}"\nuri = "http://x/{name}"\nsuite = "{suite}"\n{more}'
        f'key = "key"\nfingerprint = "{"A" * 40}"\n'
        for name, suite, more in (("tools", "stable", 'components = ["main"]\n'), ("flat", "./", "keep = false\n"))
    )
    wanted = definition(tmp_path, "noble", archive)
    files = image_files(Ubuntu().release(wanted).archives, wanted)
    assert files["etc/apt/sources.list.d/tools.list"] == (
        b"deb [signed-by=/etc/apt/keyrings/tools.asc] http://x/tools stable main\n"
    )
    assert files["etc/apt/keyrings/tools.asc"] == ARMOUR.encode()
    assert not [path for path in files if "flat" in path]


def test_a_package_may_come_from_a_pocket_of_its_own(tmp_path: Path) -> None:
    """The pocket's suite is asked for by name; one that is not built from, or does not exist, is a fault."""
    choice = 'kernel = "linux-image-cloud-amd64/{}"\n'
    wanted = definition(tmp_path, "bookworm", 'pockets = ["backports"]\n', choice.format("backports"))
    asked = Debian().bootstrap(drawn_bench(wanted, Serial.parse("20091022"), Notes())).packages
    assert asked == ("linux-image-cloud-amd64/bookworm-backports",)
    with pytest.raises(UsageError, match="of a pocket that is not built from"):
        definition(tmp_path, "bookworm", "", choice.format("proposed"))
    rolling = definition(tmp_path, "sid", "", choice.format("updates"))
    assert [misfit.path for misfit in Debian().misfits(rolling)] == [("kernel",)]


def test_what_checks_keys_must_be_here(tmp_path: Path) -> None:
    """The family's keyring is needed unless the definition brings its own."""
    assert DEBIAN_KEYRING in [tool.name for tool in Debian().tools(definition(tmp_path, "bookworm"))]
    assert [tool.name for tool in Debian().tools(definition(tmp_path, "bookworm", 'keyring = "key"\n'))] == ["gpg"]


def test_a_fault_of_the_family_stands_at_its_key(tmp_path: Path) -> None:
    """The key that is missing is told at its table."""
    (tmp_path / "x.toml").write_text(
        'distribution = "ubuntu"\ncodename = "karmic"\ntitle = "t"\n[archive]\ncomponents = ["main"]\n'
        '[disk]\nsize = "1 GiB"\n'
    )
    with pytest.raises(UsageError) as caught:
        load_definition(tmp_path / "x.toml")
    assert [(fault.span.line, fault.code) for fault in caught.value.diagnostics if fault.span] == [(4, "D005")]
