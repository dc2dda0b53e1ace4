from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.publish.tree import Tree
from recipe_runner.errors import ExitCode
from recipe_runner.language.parse import load
from tests.support.cloud import Faults, fresh_cloud
from tests.support.command import only_run, recipe, records
from tests.support.dailies import make_daily
from tests.support.karmic import build_karmic
from tests.support.keyring import keyring, make_key

RECIPES = Path(__file__).parents[2] / "recipes"
KARMIC = RECIPES / "karmic-alpha3.md"
SERIAL = "20090723"
RELEASE = f"server/releases/karmic/release-alpha-3-{SERIAL}"
SKIP_BOOT = 'boot-test: {skip: "this image has nothing to boot"}\n"*": run\n'
ANSWERS = SKIP_BOOT + "make-public: {run: make-public}\n"


@dataclass
class Bench:
    """A place to release from: a tree, a key and a cloud."""

    place: Path
    key: str
    endpoint: str
    faults: Faults

    @property
    def tree(self) -> Path:
        return self.place / "tree"

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run the recipe in this place."""
        values = {
            "serial": SERIAL,
            "tree": str(self.tree),
            "state": str(self.place / "state"),
            "endpoint": self.endpoint,
            "key": self.key,
            "firmwares": "bios",
        }
        params = [text for name, value in values.items() for text in ("-p", f"{name}={value}")]
        return recipe("run", KARMIC, "--runs", self.place / "runs", "--key", self.key, *params, *more)

    def answers(self, text: str) -> str:
        """Write a file of answers and return its path."""
        path = self.place / "answers.yaml"
        path.write_text(text)
        return str(path)

    def shared(self) -> int:
        """Return how many calls made something public."""
        return self.faults.count("ModifyImageAttribute|ModifySnapshotAttribute")


def rolling_back(bench: Bench) -> bool:
    """Tell whether the rollback has begun: the region is asked about its image a second time."""
    return bench.faults.count("ModifyImageAttribute", "eu-west-1") > 1


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with keyring() as home, fresh_cloud() as (address, faults):
        yield Bench(tmp_path, make_key(home, "release"), address, faults)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.md")), ids=lambda path: path.name)
def test_recipes_have_no_faults(path: Path) -> None:
    """Every recipe of the project passes `recipe check`, and its shell code shellcheck."""
    done = recipe("check", path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "1 recipe checked, no faults\n")


def test_there_is_one_point_of_no_return_and_it_comes_after_verification() -> None:
    """Nothing irreversible happens before everything was published privately and verified."""
    steps = load(KARMIC).steps
    order = [step.id for step in steps]
    assert [step.id for step in steps if step.attributes.irreversible] == ["make-public"]
    line = ["verify-daily", "boot-test", "freeze-announced", "promote", "publish", "verify-publication", "make-public"]
    assert [name for name in order if name in line] == line
    assert order.index("make-public") < order.index("update-indexes") < order.index("announce")


def test_a_daily_becomes_an_announced_milestone(bench: Bench) -> None:
    """Answered from a file, the recipe ends with public images, query files, links and an announcement that agree."""
    make_daily(Tree(bench.tree), SERIAL, bench.key)
    done = bench.run("--answers", bench.answers(ANSWERS))
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    lines = records(only_run(bench.place / "runs"))
    made_public = next(r for r in lines if (r["t"], r.get("step"), r.get("role")) == ("step_end", "make-public", "run"))
    ami = made_public["outputs"]["ami_eu_west_1"]
    assert ami in (bench.tree / "query/karmic/server/released.current.txt").read_text()
    assert f"eu-west-1  {ami}" in (bench.tree / RELEASE / "announcement.txt").read_text()
    assert (bench.tree / "server/releases/karmic/current").readlink() == Path(RELEASE).relative_to(
        "server/releases/karmic"
    )


def test_without_the_typed_answer_nothing_becomes_public(bench: Bench) -> None:
    """A run that stops at the point of no return leaves private images, and is completed by resuming it."""
    make_daily(Tree(bench.tree), SERIAL, bench.key)
    stopped = bench.run("--answers", bench.answers(SKIP_BOOT))
    assert stopped.returncode == ExitCode.INCOMPLETE, stopped.stdout + stopped.stderr
    assert bench.faults.count("RegisterImage") == 2
    assert bench.shared() == 0
    run = only_run(bench.place / "runs")
    resumed = recipe("resume", run, "--answers", bench.answers(ANSWERS))
    assert resumed.returncode == ExitCode.DONE, resumed.stdout + resumed.stderr
    assert (bench.faults.count("RegisterImage"), bench.shared()) == (2, 4)


def test_a_release_that_fails_half_public_is_rolled_back(bench: Bench) -> None:
    """Undone after one region refused, nothing is public, nothing is left in the cloud, and the files are set aside."""
    make_daily(Tree(bench.tree), SERIAL, bench.key)
    refused = ("eu-west-1", "ModifyImageAttribute")
    bench.faults.refuse = lambda call: (
        400 if (call.region, call.action) == refused and not rolling_back(bench) else None
    )
    answers = SKIP_BOOT + "make-public: [{run: make-public}, undo]\npublish: [run, run]\npromote: [run, run]\n"
    done = bench.run("--answers", bench.answers(answers))
    assert "the image is not public in eu-west-1" in done.stderr + done.stdout
    assert bench.faults.count("DeregisterImage") == bench.faults.count("DeleteSnapshot") == 2, done.stdout + done.stderr
    assert not (bench.tree / RELEASE).exists()
    assert len(list((bench.place / "state" / "withdrawn").iterdir())) == 1


def test_tampered_sums_stop_the_recipe_before_its_first_step(bench: Bench) -> None:
    """A list of checksums that is not what was signed is an unmet precondition; nothing is promoted."""
    daily = make_daily(Tree(bench.tree), SERIAL, bench.key)
    with (daily / "SHA256SUMS").open("ab") as stream:
        stream.write(b"0" * 64 + b" *extra\n")
    done = bench.run("--yes", "--accept", "make-public")
    assert done.returncode == ExitCode.PRECONDITION, done.stdout + done.stderr
    assert not (bench.tree / "server/releases").exists()


def test_a_tampered_image_stops_the_recipe_at_its_verification(bench: Bench) -> None:
    """One changed byte in the image fails `verify-daily`; nothing is promoted and nothing is sent."""
    daily = make_daily(Tree(bench.tree), SERIAL, bench.key)
    with (daily / "karmic-server-cloudimg-amd64.raw").open("r+b") as stream:
        stream.write(b"X")
    done = bench.run("--yes", "--accept", "make-public")
    assert done.returncode != 0
    assert "karmic-server-cloudimg-amd64.raw: FAILED" in done.stdout
    assert not (bench.tree / "server/releases").exists()
    assert bench.faults.calls == []


@pytest.mark.slow
def test_a_truly_karmic_image_is_released(bench: Bench) -> None:
    """A bootable image of suite `karmic`, built from an archive made here, is booted, released and announced."""
    build_karmic(bench.tree, serial=SERIAL, key=bench.key)
    done = bench.run("--yes", "--accept", "make-public")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "passed: karmic-server-cloudimg-amd64.raw under bios" in done.stdout
    assert "karmic-server-cloudimg-amd64.raw" in (bench.tree / RELEASE / "announcement.txt").read_text()
