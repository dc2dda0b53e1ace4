from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.check import Terms, check_boot
from builders.boot.subject import architecture_of, read_subject
from builders.build.image import build_image
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.tree import Tree
from tests.support.karmic import EXAMPLES, SERIAL, Notes


@pytest.mark.slow
def test_the_example_for_arm64_comes_up(tmp_path: Path) -> None:
    """Its build says which machine it needs; its kernel starts there directly, up to the image's first program."""
    definition = load_definition(EXAMPLES / "karmic-tiny-arm64.toml")
    built = build_image(definition, Serial.parse(SERIAL), Tree(tmp_path / "tree"), progress=Notes())
    image = built / "karmic-server-cloudimg-arm64.img"
    architecture = architecture_of(image)
    assert architecture == "arm64"
    subject = read_subject(image, "direct", tmp_path, architecture)
    with (tmp_path / "console").open("wb") as log:
        outcome = check_boot(subject, Terms("direct", "tcg", "nocloud", 600), log, Notes())
    assert outcome.passed, outcome.last_words
    assert "karmic is up" in (tmp_path / "console").read_text("utf-8", "replace")
