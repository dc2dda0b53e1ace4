from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.customise.hooks import Numbered, mmdebstrap_hook
from builders.images.attachment import Attachment
from builders.images.contents import Hook
from builders.images.serial import Serial
from builders.workshop.bench import drawn_bench
from tests.support.karmic import SERIAL, Notes, definition


@pytest.mark.parametrize(("environ", "entered"), [({}, "fakechroot chroot"), ({"FAKECHROOT": "true"}, "chroot")])
def test_a_faked_root_is_entered_once(tmp_path: Path, environ: dict[str, str], entered: str) -> None:
    """Under mmdebstrap's own fakechroot a hook enters the root as it is; fakechroot refuses to be nested."""
    hook = Hook.model_construct(script=Attachment("h", b"#!/bin/sh\n"), phase="packages", where="inside")
    bench = drawn_bench(definition(), Serial.parse(SERIAL), Notes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("chroot", "fakechroot", "install"):
        (tools / name).write_text(f'#!/bin/sh\n[ {name} = install ] || echo "{name} $*"\n')
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", mmdebstrap_hook(bench, Numbered(0, hook), "fakechroot"), "hook", tmp_path],
        env={"PATH": f"{tools}:/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{entered} {tmp_path} /.image-hooks/00\n"
