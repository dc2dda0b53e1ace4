"""Real attacks from everything that a definition or a package brings: none reaches the build machine."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.build.image import build_image
from builders.distros import tiny
from builders.distros.check import load_definition
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.publish.tree import Tree
from builders.workshop.modes import choose_mode
from tests.support.karmic import SERIAL, Notes

ATTACKS = r"""#!/bin/sh
# tries to get out; says `escaped` for each way that is open, and at the end that it has tried them all
if [ ! -e /usr/bin/mktemp ]; then
    mkdir -p /tmp/bin && busybox --install -s /tmp/bin && PATH=$PATH:/tmp/bin
fi
place=$(mktemp -d)
try() { what=$1; shift; if "$@" >/dev/null 2>&1; then echo "escaped: $what"; fi; }
try 'the disk' sh -c "mknod $place/disk b DISK && head -c 1 $place/disk"
mkdir -p $place/proc
procs=/proc
mount -t proc proc $place/proc 2>/dev/null && procs="/proc $place/proc"
for proc in $procs; do
    try 'sysrq' sh -c ": > $proc/sysrq-trigger"
    try 'core pattern' sh -c ": >> $proc/sys/kernel/core_pattern"
    try 'host files by a process' sh -c "cat $proc/*/root/SECRET $proc/1/cwd/SECRET"
    try 'host processes' grep -l 'SENTINEL' $proc/[0-9]*/environ
done
try 'a signal' kill -0 VICTIM
try 'host files' cat SECRET
try 'chroot' perl -e 'mkdir "/tmp/x"; chroot "/tmp/x" or exit 1; chdir ".." for 1..64; chroot "."; exit !-e "SECRET"'
mount -o remount,bind,rw /usr 2>/dev/null
try 'programs' touch /usr/bin/planted
try 'settings' sh -c ': >> /etc/passwd-planted; [ -e /etc/alternatives ] && : >> /etc/alternatives/planted'
work=$(dirname "$TMPDIR")
for file in rootfs.tar root.tar hooked.tar indexes build.log; do
    [ ! -e $work/build.log ] || try "a link for $file" sh -c "rm -f $work/$file && ln -s SECRET $work/$file"
done
perl -e 'truncate(STDERR, 0) and print "escaped: the log is cut off\n"'
try 'a full memory' sh -c "truncate -s 1T $place/large"
setsid sh -c 'LEFT=SECRET exec sleep 600' >/dev/null 2>&1 &
umount $place/proc 2>/dev/null
rm -rf $place
echo 'tried them all'
"""
TEXT = """\
distribution = "tiny"
codename = "karmic"
title = "An evil one"
outputs = ["root-tar.gz"]
[[files]]
source = "motd"
target = "/etc/evil/motd"
[disk]
size = "160 MiB"
"""
HOOK = '[[hooks]]\nscript = "{}"\nphase = "{}"\nwhere = "{}"\n'
PLACES = (("setup", "outside"), ("packages", "inside"), ("customise", "inside"), ("customise", "outside"))


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a folder that everybody may read, with a secret."""
    with tempfile.TemporaryDirectory(prefix="host-", dir="/srv") as name:
        Path(name).chmod(0o755)
        (Path(name) / "secret").write_text("secret")
        (Path(name) / "target").mkdir(mode=0o777)
        (Path(name) / "target").chmod(0o777)
        yield Path(name)


@pytest.fixture
def victim() -> Iterator[int]:
    """Give a process of this machine."""
    with subprocess.Popen(["sleep", "600"], env={"SENTINEL": "SENTINEL"}) as process:
        yield process.pid
        assert process.poll() is None
        process.kill()


def left_behind(mark: str) -> list[str]:
    """Return the processes of this machine that an attack has left at work, by what it marks them with."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"LEFT={mark}".encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="root has most to lose")
def test_nothing_that_a_build_runs_gets_out_of_it(
    tmp_path: Path, home: Path, victim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package's script and hooks of each phase find no way to this machine's disk, kernel, processes or files."""
    if choose_mode() != "namespace":
        pytest.skip("this machine gives no user namespaces")
    device = Path("/").stat().st_dev
    attacks = ATTACKS.replace("DISK", f"{os.major(device)} {os.minor(device)}").replace("VICTIM", str(victim))
    attacks = attacks.replace("SECRET", f"{home}/secret").replace("HOME", str(home))
    folder = tmp_path / "definition"
    folder.mkdir()
    (folder / "motd").write_text("hello\n")
    (folder / "attacks").write_text(attacks)
    (folder / "attacks").chmod(0o755)
    (folder / "x.toml").write_text(TEXT + "".join(HOOK.format("attacks", *place) for place in PLACES))
    make_base = tiny._base

    def evil(root: Path, definition: Definition) -> None:
        make_base(root, definition)
        (root / "DEBIAN").mkdir()
        script = attacks.replace(
            "#!/bin/sh\n", f"#!/bin/sh\nexec > $DPKG_ROOT/attacks\nln -s {home}/target $DPKG_ROOT/etc/evil\n"
        )
        (root / "DEBIAN/postinst").write_text(script)
        (root / "DEBIAN/postinst").chmod(0o755)

    monkeypatch.setattr(tiny, "_base", evil)
    built = build_image(
        load_definition(folder / "x.toml"), Serial.parse(SERIAL), Tree(tmp_path), progress=Notes(), outside_hooks=True
    )
    log = (built / "karmic-server-cloudimg-amd64.build.log").read_text()
    with tarfile.open(built / "karmic-server-cloudimg-amd64-root.tar.gz") as tar:
        found = tar.extractfile("./attacks")
        assert found is not None
        log += found.read().decode()
        assert f".{home}/target/motd" in tar.getnames()  # the link leads there within the root
    assert re.findall("^escaped.*", log, re.MULTILINE) == []
    assert log.count("tried them all\n") == 1 + len(PLACES)
    assert left_behind(f"{home}/secret") == []
    assert list((home / "target").iterdir()) == []
    assert not Path("/usr/bin/planted").exists()
