from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from builders.actions import Ec2Publish, ImagePromote, ReleaseAnnounce, TreeIndex
from builders.publish.tree import Tree
from recipe_runner.engine.action import Action
from tests.builders.publish.conftest import Stage, identity, stage
from tests.support.dailies import make_daily
from tests.support.keyring import keyring, make_key

__all__ = ["identity", "stage"]

KEY = "A" * 40
PUBLISH = {
    "stage": "prepare",
    "image": "disk.raw",
    "codename": "karmic",
    "milestone": "alpha-3",
    "version": "",
    "arch": "amd64",
    "serial": "20090723",
    "regions": ["us-east-1", "eu-west-1"],
    "state": "ec2.json",
    "endpoint-url": "",
}
PUBLISHED = {"tree": "tree", "state": "ec2.json", "key": KEY, "mirror": ""}
PROMOTE = {
    "tree": "tree",
    "codename": "karmic",
    "serial": "20090723",
    "milestone": "alpha-3",
    "signed-by": KEY.lower(),
    "key": KEY,
}


def test_the_steps_of_a_recipe_release_an_image(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a signed daily to the announcement by the actions alone, with texts as a recipe gives them."""
    tree = tmp_path / "tree"
    with keyring() as home:
        key = make_key(home, "release")
        make_daily(Tree(tree), "20090723", key)
        promoted = ImagePromote().run(
            ImagePromote.Arguments.model_validate({**PROMOTE, "tree": str(tree), "signed-by": key, "key": key})
        )
        texts = {
            **PUBLISH,
            "image": f"{promoted['directory']}/karmic-server-cloudimg-amd64.raw",
            "state": str(tmp_path / "ec2.json"),
            "endpoint-url": str(stage.cloud.endpoint_url),
        }
        for name in ("prepare", "verify", "public"):
            outputs = Ec2Publish().run(Ec2Publish.Arguments.model_validate({**texts, "stage": name}))
        rest = {**PUBLISHED, "tree": str(tree), "state": texts["state"], "key": key}
        TreeIndex().run(TreeIndex.Arguments.model_validate(rest))
        announced = ReleaseAnnounce().run(ReleaseAnnounce.Arguments.model_validate(rest))
    assert outputs["name"] == "ubuntu-karmic-alpha-3-x86_64-server-20090723"
    assert outputs["amis"] == [f"us-east-1={outputs['ami_us_east_1']}", f"eu-west-1={outputs['ami_eu_west_1']}"]
    assert str(outputs["ami_eu_west_1"]) in Path(str(announced["announcement"])).read_text()
    assert f"eu-west-1  {outputs['ami_eu_west_1']}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "arguments"),
    [(ImagePromote, PROMOTE), (Ec2Publish, PUBLISH), (TreeIndex, PUBLISHED), (ReleaseAnnounce, PUBLISHED)],
)
def test_a_preview_touches_nothing(
    action: type[Action], arguments: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every action says what it would do, without a cloud, a key or a file."""
    monkeypatch.chdir(tmp_path)
    assert all(action().preview(action.Arguments.model_validate(arguments)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "publish"),
        ("arch", "x86_64"),
        ("serial", "today"),
        ("codename", "../karmic"),
        ("regions", []),
        ("regions", ["us east"]),
        ("endpoint_ur", "x"),
    ],
)
def test_arguments_are_refused_before_anything_runs(name: str, value: object) -> None:
    """A misspelt name or a malformed value never reaches the cloud."""
    with pytest.raises(ValidationError):
        Ec2Publish.Arguments.model_validate({**PUBLISH, name: value})


@pytest.mark.parametrize("arguments", [PUBLISH, {**PUBLISH, "endpoint-url": "http://127.0.0.1:1"}])
def test_arguments_survive_the_way_to_their_process(arguments: dict[str, Any]) -> None:
    """The JSON that the engine hands to the child gives the same arguments."""
    model = Ec2Publish.Arguments.model_validate(arguments)
    assert Ec2Publish.Arguments.model_validate_json(model.model_dump_json()) == model
    assert model.endpoint_url == (arguments["endpoint-url"] or None)


def test_knowing_the_actions_does_not_import_boto3() -> None:
    """Checking a recipe is quick: boto3 is imported by the process that runs the step."""
    code = "import sys, builders.actions; print({'boto3', 'botocore'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
