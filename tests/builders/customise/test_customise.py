from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from builders.build.image import build_image
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.tree import Tree
from builders.workshop.command import ToolError
from recipe_runner.errors import RecipeError, UnmetError
from tests.support.karmic import SERIAL, Notes

HEAD = """\
distribution = "tiny"
codename = "karmic"
title = "A rich one"
hostname = "kermit"
outputs = ["root-tar.gz"]
first-boot = ["hello"]
[[users]]
name = "joe"
[[files]]
source = "motd"
target = "/etc/motd"
template = true
owner = "joe"
"""
TAIL = '[disk]\nsize = "160 MiB"\n'
INSIDE = """\
#!/bin/sh
set -e
cat /etc/motd
hostname
echo inside > /etc/hooked
if ip link set lo down 2>/dev/null; then echo out; fi
if mount -t tmpfs none /srv 2>/dev/null; then echo out; fi
if ls -d /work /home/../../../root/.bashrc /proc/1/root/usr/bin/env 2>/dev/null; then echo out; fi
"""


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """Give a folder with the files of a definition."""
    folder = tmp_path / "definition"
    folder.mkdir()
    (folder / "motd").write_text("welcome to {{ hostname }}\n")
    for name, text in {
        "hello": "#!/bin/sh\n",
        "inside": INSIDE,
        "outside": '#!/bin/sh\ntest -e "$1/bin/sh" && echo beside > "$1/etc/beside"\n',
        "fails": "#!/bin/sh\necho this is why\nexit 3\n",
        "early": '#!/bin/sh\necho "$#" > "$1/early"\n',
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def build(folder: Path, tree: Path, text: str, *, outside: bool = False) -> tuple[Path, str]:
    """Build; return the serial's directory and the log."""
    (folder / "x.toml").write_text(text)
    wanted = load_definition(folder / "x.toml")
    built = build_image(wanted, Serial.parse(SERIAL), Tree(tree), progress=Notes(), outside_hooks=outside)
    return built, (built / "karmic-server-cloudimg-amd64.build.log").read_text()


def test_a_root_gets_all_that_its_definition_says(rich: Path, tmp_path: Path) -> None:
    """Users, files, settings and scripts are there, and hooks saw the finished root; twice gives the same bytes."""
    hooks = "".join(
        f'[[hooks]]\nscript = "{script}"\nwhere = "{where}"\nphase = "{phase}"\n'
        for script, where, phase in (
            ("early", "outside", "setup"),
            ("inside", "inside", "customise"),
            ("outside", "outside", "customise"),
        )
    )
    built, log = build(rich, tmp_path / "one", HEAD + hooks + TAIL, outside=True)
    assert "welcome to kermit\nkermit\n" in log
    assert "\nout\n" not in log
    with tarfile.open(built / "karmic-server-cloudimg-amd64-root.tar.gz") as tar:
        found = {info.name: info for info in tar}
        hooked = tar.extractfile("./etc/hooked")
        assert hooked is not None
        assert hooked.read() == b"inside\n"
    assert found["./etc/motd"].uid == found["./home/joe"].uid == 1000
    assert {"./early", "./etc/beside", "./dev/null", "./usr/lib/first-boot/scripts/00"} <= set(found)
    assert not [name for name in found if "image-hooks" in name or "mmdebstrap" in name]
    again, _ = build(rich, tmp_path / "two", HEAD + hooks + TAIL, outside=True)
    assert (again / "SHA256SUMS").read_bytes() == (built / "SHA256SUMS").read_bytes()


def test_programs_outside_the_root_are_run_only_when_it_is_said(rich: Path, tmp_path: Path) -> None:
    """A definition alone cannot run anything on the build machine."""
    with pytest.raises(UnmetError, match="would run `outside` on this machine"):
        build(rich, tmp_path, f'{HEAD}[[hooks]]\nscript = "outside"\nwhere = "outside"\n{TAIL}')


@pytest.mark.parametrize("phase", ["packages", "customise"])
def test_a_failing_hook_says_why(rich: Path, tmp_path: Path, phase: str) -> None:
    """Its last words are shown, and nothing appears in the tree."""
    with pytest.raises(ToolError) as caught:
        build(rich, tmp_path, f'{HEAD}[[hooks]]\nscript = "fails"\nphase = "{phase}"\n{TAIL}')
    assert "this is why" in caught.value.said
    if phase == "customise":
        assert str(caught.value) == "`hook fails` ended with status 3"
    assert list((tmp_path / "server/karmic").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[limits]\nroot = "1 MiB"\n', "its limit is 1 MiB"),
        ("[limits]\npackages = 2\n", "has 3 packages, its limit is 2"),
        ('[[users]]\nname = "jim"\nsudo = true\n', "`sudo`, which is not in the root"),
        ('[[files]]\nsource = "motd"\ntarget = "/etc"\n', "is a directory"),
    ],
)
def test_what_the_root_cannot_hold_is_told(rich: Path, tmp_path: Path, text: str, message: str) -> None:
    """Limits and misfits that only the packages show are faults of the build."""
    with pytest.raises(RecipeError, match=message):
        build(rich, tmp_path, HEAD + text + TAIL)
