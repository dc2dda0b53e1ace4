from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.archive import Member, read_members
from builders.customise.edit import edit, landing, place
from builders.customise.entry import Entry, link, text
from recipe_runner.errors import RecipeError

LONG = "usr/share/" + "long/" * 30 + "name"


def member(path: str, kind: str = "directory", target: str = "") -> Member:
    return Member(path, kind, 0o755, 0, 0, 0, target, 0, False)  # type: ignore[arg-type]


ROOT = {
    found.path: found
    for found in (
        member("lib", "symlink", "usr/lib"),
        member("usr"),
        member("usr/lib"),
        member("etc"),
        member("etc/out", "symlink", "/../../../srv"),
        member("etc/host", "symlink", "/etc/shadow"),
        member("loop", "symlink", "loop"),
        member("file", "file"),
    )
}


@pytest.mark.parametrize(
    ("path", "follows", "lands"),
    [
        ("lib/systemd/x", False, "usr/lib/systemd/x"),
        ("etc/out/x", False, "srv/x"),
        ("etc/host", False, "etc/host"),
        ("etc/host", True, "etc/shadow"),
        ("../../etc/passwd", False, "etc/passwd"),
        ("/new/./place", False, "new/place"),
    ],
)
def test_links_never_lead_out_of_the_root(path: str, follows: bool, lands: str) -> None:
    """Links are followed inside the root, absolute ones from its own top."""
    assert landing(ROOT, path, follows=follows) == lands


@given(st.text(st.sampled_from("./ab"), min_size=1, max_size=20))
def test_every_path_lands_inside(path: str) -> None:
    """Whatever the path, the place has no step upwards and no leading slash."""
    parts = landing({}, path).split("/")
    assert ".." not in parts
    assert parts == [""] or "" not in parts


@pytest.mark.parametrize(("path", "message"), [("loop/x", "circle"), ("file/x", "no directory")])
def test_what_has_no_place_is_a_fault(path: str, message: str) -> None:
    """Circling links and files on the way are told."""
    with pytest.raises(RecipeError, match=message):
        landing(ROOT, path)


def test_a_directory_and_a_file_do_not_replace_each_other() -> None:
    """A file where the root has a directory is a mistake of the definition."""
    with pytest.raises(RecipeError, match="is a directory"):
        place(ROOT, [text("etc", "x")])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make a root with GNU tar: links, owners, times, a name of more than 100 bytes."""
    root = tmp_path / "root"
    (root / Path(LONG).parent).mkdir(parents=True)
    (root / "etc").mkdir()
    for name, content in (
        ("etc/a", "a"),
        ("etc/keep", "keep" * 1000),
        ("etc/gone", ""),
        ("etc/log", "log"),
        (LONG, "long"),
    ):
        (root / name).write_text(content)
    (root / "lib").symlink_to("usr/lib")
    (root / "etc/hard").hardlink_to(root / "etc/keep")
    path = tmp_path / "root.tar"
    subprocess.run(["tar", "--create", "--format=posix", "--sort=name", "-f", path, "-C", root, "."], check=True)
    return path


def test_an_edited_archive_has_the_old_and_the_new(archive: Path, tmp_path: Path) -> None:
    """GNU tar reads every member, unchanged ones byte for byte as they were, the changed with the serial's time."""
    placed = place(
        read_members(archive),
        [
            text("etc/a", "A"),
            text("lib/new/unit", "u"),
            link("etc/link", "/x"),
            Entry("home/joe/.ssh", b"k", 0o600, 7, 8),
        ],
    )
    target = tmp_path / "new.tar"
    members = edit(
        archive,
        read_members(archive),
        target,
        placed,
        epoch=1_256_169_600,
        leaves=lambda path: path == "etc/gone",
        emptied=["etc/log"],
    )
    assert members == read_members(target)
    listed = subprocess.run(["tar", "--list", "--file", target], capture_output=True, check=True, text=True).stdout
    assert f"./{LONG}\n" in listed
    assert listed.endswith(
        "./etc/link\n./home/\n./home/joe/\n./home/joe/.ssh\n./usr/lib/\n./usr/lib/new/\n./usr/lib/new/unit\n"
    )
    assert "gone" not in listed
    with tarfile.open(target) as tar:
        found = {info.name: info for info in tar}
        content = tar.extractfile("./etc/keep")
        assert content is not None
        assert content.read() == b"keep" * 1000
    ssh = found["./home/joe/.ssh"]
    assert (ssh.mode, ssh.uid, ssh.gid, ssh.mtime) == (0o600, 7, 8, 1_256_169_600)
    assert found["./etc/link"].linkname == "/x"


def test_a_file_of_two_names_is_not_torn(archive: Path, tmp_path: Path) -> None:
    """Taking away the one would leave the other without content: refused."""
    with pytest.raises(RecipeError, match="is the same file"):
        edit(
            archive,
            read_members(archive),
            tmp_path / "new.tar",
            {},
            epoch=0,
            leaves=lambda path: path == "etc/hard",
        )


def test_devices_are_taken_over(archive: Path, tmp_path: Path) -> None:
    """What only root can unpack comes from the archive that was not unpacked."""
    devices = tmp_path / "devices.tar"
    with tarfile.open(devices, "w") as tar:
        null = tarfile.TarInfo("./dev/null")
        null.type, null.devmajor, null.devminor = tarfile.CHRTYPE, 1, 3
        tar.addfile(null)
        tar.addfile(tarfile.TarInfo("./dev/file"), io.BytesIO())
    members = read_members(archive)
    edit(archive, members, tmp_path / "new.tar", {}, epoch=0, leaves=lambda _: False, adopted=devices)
    assert [path for path in read_members(tmp_path / "new.tar") if path.startswith("dev")] == ["dev/null"]
