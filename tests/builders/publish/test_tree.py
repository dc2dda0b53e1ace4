from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from builders.publish.tree import Names, Tree
from recipe_runner.errors import RecipeError, UnmetError, UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_names_follow_the_cloud_image_server() -> None:
    """The names are those that readers of Ubuntu's cloud image tree look for."""
    names = Names("karmic", "amd64")
    assert names.image == "karmic-server-cloudimg-amd64.img"
    assert names.tarball == "karmic-server-cloudimg-amd64.tar.gz"
    assert names.kernel("server") == "unpacked/karmic-server-cloudimg-amd64-vmlinuz-server"


def test_dailies_and_releases_have_their_places(tree: Tree) -> None:
    """A daily stands under its codename, a release under `releases` with its milestone in the name."""
    assert tree.daily("karmic", "20091022.1") == tree.root / "server/karmic/20091022.1"
    assert (
        tree.release("karmic", "alpha-3", "20090723") == tree.root / "server/releases/karmic/release-alpha-3-20090723"
    )
    assert tree.release("karmic", None, "20091028") == tree.root / "server/releases/karmic/release-20091028"


@pytest.mark.parametrize("codename", ["", "..", "a/b", "Karmic", "releases", "karmic\n"])
def test_a_codename_cannot_lead_elsewhere(tree: Tree, codename: str) -> None:
    """A codename that is not one plain word is refused."""
    with pytest.raises(UsageError):
        tree.daily(codename, "20091022")


@pytest.mark.parametrize("serial", ["", "2009", "20091022.", "20091022.0", "20091022/..", "\uff120091022"])
def test_a_serial_cannot_lead_elsewhere(tree: Tree, serial: str) -> None:
    """A serial that is not a date with an optional number is refused."""
    with pytest.raises(UsageError):
        tree.daily("karmic", serial)


def test_a_build_appears_whole(tree: Tree) -> None:
    """Until the block ends nothing has the final name; afterwards everything does, readable by all."""
    final = tree.daily("karmic", "20091022")
    with tree.staging(final) as staged:
        (staged / "unpacked").mkdir()
        (staged / "unpacked/kernel").write_text("k")
        assert not final.exists()
    assert (final / "unpacked/kernel").read_text() == "k"
    assert final.stat().st_mode & 0o777 == 0o755
    assert [p.name for p in final.parent.iterdir()] == ["20091022"]


def test_a_failed_build_leaves_nothing(tree: Tree) -> None:
    """An error in the block removes the staging directory and publishes nothing."""
    final = tree.daily("karmic", "20091022")
    with pytest.raises(ZeroDivisionError), tree.staging(final):
        _ = 1 / 0
    assert list(final.parent.iterdir()) == []


def test_a_serial_is_made_by_one_at_a_time(tree: Tree) -> None:
    """Whoever comes second is told at once, not after all the work; another serial is free."""
    final = tree.daily("karmic", "20091022")
    with tree.staging(final):
        with pytest.raises(UnmetError, match="is being made now"), tree.staging(final):
            pass
        with tree.staging(tree.daily("karmic", "20091022.1")):
            pass
    assert sorted(path.name for path in final.parent.iterdir()) == ["20091022", "20091022.1"]


def test_a_serial_is_never_changed(tree: Tree) -> None:
    """A second build of one serial is refused before it starts."""
    final = tree.daily("karmic", "20091022")
    with tree.staging(final) as staged:
        (staged / "a").write_text("first")
    with pytest.raises(UnmetError, match="exists already"), tree.staging(final):
        pass
    assert (final / "a").read_text() == "first"


def test_what_has_come_meanwhile_stays(tree: Tree) -> None:
    """A directory that somebody else put there is not replaced; the builder is refused at the end."""
    final = tree.daily("karmic", "20091022")
    with ExitStack() as slower:
        staged = slower.enter_context(tree.staging(final))
        (staged / "a").write_text("slow")
        final.mkdir()
        (final / "a").write_text("quick")
        with pytest.raises(UnmetError, match="exists already"):
            slower.close()
    assert (final / "a").read_text() == "quick"
    assert [p.name for p in final.parent.iterdir()] == ["20091022"]


def _stage_and_die(root: Path) -> None:
    with Tree(root).staging(Tree(root).daily("karmic", "20091022")) as staged:
        (staged / "half").write_text("made")
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_rest_of_a_killed_builder_is_swept_away(tree: Tree) -> None:
    """What `kill -9` left is removed by the next build, while a living builder's directory stays."""
    child = multiprocessing.get_context("forkserver").Process(target=_stage_and_die, args=(tree.root,))
    child.start()
    child.join()
    final = tree.daily("karmic", "20091022")
    (dead,) = final.parent.iterdir()
    with tree.staging(final) as living, tree.staging(tree.daily("karmic", "20091023")):
        assert not dead.exists()
        assert living.exists()
    assert final.is_dir()


def test_a_full_disk_is_one_line(tree: Tree) -> None:
    """A place that cannot be written becomes a diagnostic naming the path."""
    (tree.root / "server").write_text("a file where a directory is needed")
    with (
        pytest.raises(RecipeError, match="cannot write"),
        tree.staging(tree.daily("karmic", "20091022")),
    ):
        pass


def test_a_link_is_relative_and_moves_in_one_step(tree: Tree) -> None:
    """`current` names the newest build, and replacing it leaves nothing else behind."""
    for serial in ("20091022", "20091023"):
        target = tree.daily("karmic", serial)
        with tree.staging(target):
            pass
        link = tree.link("current", target)
        assert link.readlink() == Path(serial)
    assert sorted(p.name for p in link.parent.iterdir()) == ["20091022", "20091023", "current"]


def test_a_link_replaces_no_directory(tree: Tree) -> None:
    """A real directory in the link's place is refused and kept."""
    target = tree.daily("karmic", "20091022")
    with tree.staging(target):
        pass
    (target.parent / "current").mkdir()
    with pytest.raises(UnmetError, match="not a link"):
        tree.link("current", target)
    with pytest.raises(UnmetError, match="not a directory to link to"):
        tree.link("current", target.parent / "20091024")


def test_the_lock_ends_with_the_block(tree: Tree) -> None:
    """A published directory is not locked."""
    final = tree.daily("karmic", "20091022")
    with tree.staging(final):
        pass
    handle = os.open(final, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)
