from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.boot.trials import Trial, Trials, parse_trials
from recipe_runner.errors import ExitCode, UsageError
from tests.support.command import recipe
from tests.support.karmic import DEFINITION, Notes, definition


def test_trials_are_written_short() -> None:
    """Firmwares with a datasource each, none twice."""
    assert parse_trials("bios,uefi:ec2, direct,bios") == (
        Trial("bios", "nocloud"),
        Trial("uefi", "ec2"),
        Trial("direct", "nocloud"),
    )


@pytest.mark.parametrize("text", ["", "coreboot", "bios:azure", "bios,"])
def test_other_words_are_refused(text: str) -> None:
    """A firmware or datasource that nobody knows is a usage fault before anything is built."""
    with pytest.raises(UsageError, match="unknown boot test"):
        parse_trials(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": ("vmdk",)}, "nothing that boots under `bios`"),
        ({"boot": definition().boot.model_copy(update={"modes": ("uefi",)})}, "`boot.modes` has no `bios`"),
        ({"architecture": "arm64"}, "arm64 has no firmware `bios`"),
    ],
)
def test_what_cannot_be_tried_is_refused(change: dict[str, object], said: str) -> None:
    """An image is asked only for what it can do and has a file for."""
    trials = Trials(parse_trials("bios"), 60, keep_failed=False, progress=Notes())
    with pytest.raises(UsageError, match=said):
        trials.require(definition().model_copy(update=change))


def test_a_definition_has_tests_of_its_own() -> None:
    """They count where nothing is asked for; what is asked for, and be it nothing, takes their place."""
    boot = definition().boot.model_copy(update={"test": ("uefi:ec2",)})
    own = definition().model_copy(update={"boot": boot})
    asked = {
        words: Trials(words, 60, keep_failed=False, progress=Notes()) for words in (None, (), parse_trials("bios"))
    }
    assert [list(map(str, trials.of(own))) for trials in asked.values()] == [["uefi-ec2"], [], ["bios-nocloud"]]
    assert asked[()].accepting(own) is None
    assert asked[None].accepting(definition()) is None


def test_tests_that_could_not_be_made_need_tests(tmp_path: Path) -> None:
    """What says how tests are made is refused where none are."""
    for words, said in (("--keep-failed",), "needs boot tests"), (("--boot", "bios", "--no-boot"), "exclude"):
        done = recipe("image", "build", DEFINITION, "--tree", tmp_path, *words)
        assert done.returncode == ExitCode.USAGE
        assert said in done.stderr


@pytest.mark.slow
def test_a_build_is_published_once_it_has_booted(tmp_path: Path) -> None:
    """The results are beside the build, covered by no checksum; the build itself is the same as without."""
    arguments = ("image", "build", DEFINITION, "--serial", "20091022")
    done = recipe(*arguments, "--tree", tmp_path / "a", "--boot", "bios,direct")
    assert done.returncode == ExitCode.DONE, done.stderr
    built = tmp_path / "a/server/karmic/20091022"
    assert {path.name for path in (built / "boot").iterdir()} == {
        "boot.xml",
        "bios-nocloud.json",
        "bios-nocloud.log",
        "direct-nocloud.json",
        "direct-nocloud.log",
    }
    assert json.loads((built / "boot/direct-nocloud.json").read_text())["passed"] is True
    assert recipe(*arguments, "--tree", tmp_path / "b").returncode == ExitCode.DONE
    assert (built / "SHA256SUMS").read_bytes() == (tmp_path / "b/server/karmic/20091022/SHA256SUMS").read_bytes()


@pytest.mark.slow
def test_a_failed_boot_leaves_nothing_unless_asked(tmp_path: Path) -> None:
    """Exit code 1, the failed assertion told, no serial in the tree; with --keep-failed the build is there.

    A test that the definition asks for is made as one of the command line is.
    """
    never = tmp_path / "never.toml"
    never.write_text(DEFINITION.read_text().replace('marker = "karmic is up"', 'marker = "it never says this"'))
    arguments = ("image", "build", never, "--serial", "20091022", "--tree", tmp_path / "tree", "--boot", "bios")
    done = recipe(*arguments)
    assert done.returncode == ExitCode.FAILED
    assert "failed its boot test" in done.stderr
    assert "boot: the machine ended before it showed `it never says this`" in done.stderr
    assert not list((tmp_path / "tree/server/karmic").iterdir())
    never.write_text(never.read_text().replace("[boot]", '[boot]\ntest = ["bios"]'))
    kept = recipe(*arguments[:-2], "--keep-failed")
    assert kept.returncode == ExitCode.FAILED
    assert (tmp_path / "tree/server/karmic/20091022/boot/bios-nocloud.json").is_file()
