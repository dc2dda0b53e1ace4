"""What building an image costs, beside the bare commands and beside peers, in the same run; ratios are what counts.

Run it as root with the project's interpreter: `.venv/bin/python benchmarks/builder.py [--rounds N] [--boot] [NAME…]`.
Every tool makes a bootable Debian of the same packages, from the machine's own mirror, into a raw disk and a qcow2. A
tool that is not installed or cannot work on this kernel is left out with its own words. Exit code 1 where a target is
missed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from builders.workshop.bench import cache_directory
from builders.workshop.command import Commands
from builders.workshop.e2fsprogs import find_mke2fs
from builders.workshop.machine import debian_sources, machine_sources
from recipe_runner.console.terminal import Terminal

RECIPE = Path(sys.executable).with_name("recipe")
SERIAL, EPOCH = "20261101", 1793491200
MEMORY = Path("/dev/shm")
PACKAGES = ("linux-image-cloud-amd64", "e2fsprogs", "mount", "systemd-sysv", "udev", "zstd")
LIMIT = 900.0
"""Seconds that one build may take."""
BARE_LIMIT = 1.1
DEFINITION = f"""\
distribution = "debian"
codename = "bookworm"
title = "Debian 12 (benchmark)"
kernel = "{PACKAGES[0]}"
packages = [{", ".join(f'"{name}"' for name in PACKAGES[1:])}]
outputs = ["raw", "qcow2"]

[disk]
size = "1 GiB"

[boot]
arguments = "console=ttyS0,115200n8"
"""
INITRAMFS = 'printf "MODULES=most\\nCOMPRESS=zstd\\nCOMPRESSLEVEL=3\\n" > "$1/etc/initramfs-tools/conf.d/image"'
FINISH = """\
for modules in "$1"/lib/modules/*; do chroot "$1" update-initramfs -c -k "${modules##*/}"; done
: > "$1/etc/machine-id"; : > "$1/etc/resolv.conf"; echo bookworm > "$1/etc/hostname"
echo "LABEL=cloudimg-rootfs / ext4 defaults 0 1" > "$1/etc/fstab"
rm -rf "$1"/var/log/*.log "$1"/var/log/apt/* "$1"/var/cache/ldconfig/aux-cache "$1"/var/cache/apt/*.bin
rm -rf "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old "$1"/var/lib/systemd/catalog/database
"""
EXTENDED = (
    "hash_seed=33333333-3333-4333-8333-333333333333,lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0"
)
DISK = r"""
truncate -s 1G disk.raw
sfdisk --quiet disk.raw <<TABLE
label: gpt
label-id: 11111111-1111-4111-8111-111111111111
unit: sectors
first-lba: 34
14: start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=11111111-1111-4111-8111-111111111114
15: start=4096, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=11111111-1111-4111-8111-111111111115
1: start=135168, size=1959936, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=11111111-1111-4111-8111-111111111111
TABLE
LD_LIBRARY_PATH=$MKE2FS_LIBRARIES "$MKE2FS" -q -F -t ext4 -b 4096 -m 1 -O ^metadata_csum_seed,^orphan_file \
    -L cloudimg-rootfs -U 22222222-2222-4222-8222-222222222222 -E offset=69206016,$EXTENDED -d root.tar disk.raw 979968k
cat > grub.cfg <<'MENU'
set timeout=0
menuentry "Linux" {
  search --no-floppy --set=root --label cloudimg-rootfs
  linux /vmlinuz root=PARTUUID=11111111-1111-4111-8111-111111111111 ro console=ttyS0,115200n8
  initrd /initrd.img
}
MENU
printf 'search --no-floppy --set=esp --fs-uuid 1234-ABCD\nconfigfile ($esp)/grub/grub.cfg\n' > early.cfg
modules="part_gpt fat ext2 normal configfile search search_label search_fs_uuid linux test gzio"
grub-mkimage -O x86_64-efi -c early.cfg -p /grub -o efi.img $modules all_video
grub-mkimage -O i386-pc -c early.cfg -p /grub -o core.img $modules biosdisk
truncate -s 64M esp.img
touch -d @$SOURCE_DATE_EPOCH efi.img grub.cfg
export MTOOLS_SKIP_CHECK=1 MTOOLSRC=/dev/null
mkfs.vfat -F 32 --invariant -n UEFI -i 1234abcd esp.img >/dev/null
mmd -i esp.img ::/EFI ::/EFI/BOOT ::/grub
mcopy -m -i esp.img efi.img ::/EFI/BOOT/BOOTX64.EFI
mcopy -m -i esp.img grub.cfg ::/grub/grub.cfg
python3 - <<'PATCH'
import struct
boot = bytearray(open("/usr/lib/grub/i386-pc/boot.img", "rb").read()[:440])
core = bytearray(open("core.img", "rb").read())
struct.pack_into("<Q", boot, 0x5C, 2048)
boot[0x66:0x68] = b"\x90\x90"
struct.pack_into("<QHH", core, 500, 2049, -(-len(core) // 512) - 1, 0x820)
with open("disk.raw", "r+b") as disk:
    disk.write(boot)
    disk.seek(1 << 20)
    disk.write(core)
PATCH
dd if=esp.img of=disk.raw bs=1M seek=2 conv=notrunc,sparse status=none
qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2
"""
VMDB2 = """\
steps:
  - mkimg: "{{ output }}"
    size: 1G
  - mklabel: gpt
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 0%
    end: 100%
    tag: root
  - kpartx: "{{ output }}"
  - mkfs: ext4
    partition: root
  - mount: root
  - debootstrap: bookworm
    mirror: http://deb.debian.org/debian
    target: root
  - apt: install
    packages: [linux-image-cloud-amd64, systemd-sysv, udev, zstd]
    tag: root
  - grub: bios
    tag: root
    image-dev: "{{ output }}"
"""


@dataclass(frozen=True, slots=True)
class Builder:
    """One way to an image: `make` works in an empty directory and returns the raw disk and the qcow2, or neither."""

    name: str
    make: Callable[[Path], tuple[Path, ...]]
    needs: str | None = None


@dataclass(slots=True)
class Measured:
    """What the rounds of one builder took: seconds, bytes at the peak, hashes and sizes of what came out.

    `work` are seconds of processors, which say more than the clock where other work goes on beside.
    """

    seconds: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    memory: int = 0
    disk: int = 0
    hashes: set[str] = field(default_factory=set)
    size: int = 0
    boots: str = ""


def main() -> int:
    """Print every comparison and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, metavar="N")
    parser.add_argument("--boot", action="store_true", help="boot each result under BIOS")
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir="/var/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)
        caching = Ours(place)
        builders = (
            Builder("bare commands", bare),
            Builder("recipe image build", caching.cold),
            Builder("the same, all kept", caching.warm),
            Builder("the same, other kernel arguments", caching.late),
            Builder("debootstrap, same image step", with_debootstrap, "debootstrap"),
            Builder("mkosi", with_mkosi, "mkosi"),
            Builder("vmdb2", with_vmdb2, "vmdb2"),
        )
        heads = ("seconds", "of bare", "cpu", "of bare", "memory", "disk", "qcow2")
        print(f"{'':<34}{''.join(f'{head:>9}' for head in heads)}  same bytes  boots")
        found: dict[str, Measured] = {}
        for builder in builders:
            if asked.names and not any(name in builder.name for name in asked.names):
                continue
            if builder.needs and not shutil.which(builder.needs):
                print(f"{builder.name:<34} left out: `{builder.needs}` is not installed", flush=True)
                continue
            try:
                found[builder.name] = measured(builder, place, asked.rounds, boot=asked.boot)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"{builder.name:<34} left out: {reason(error)}", flush=True)
                continue
            show(builder.name, found)
    missed = [name for name, limit in LIMITS.items() if verdict(found, name, limit)]
    return 1 if missed else 0


LIMITS = {"bare commands": BARE_LIMIT, "debootstrap, same image step": 1.0, "mkosi": 1.0, "vmdb2": 1.0}
"""How many times as long as these our own build may take."""


def verdict(found: dict[str, Measured], name: str, limit: float) -> bool:
    """Print how our build compares with another; say whether the target is missed."""
    ours = found.get("recipe image build")
    if ours is None or name not in found:
        return False
    ratio = median(ours.seconds) / median(found[name].seconds)
    missed = ratio > limit
    print(f"{f'ours : {name}':<43} {ratio:8.2f}  (target: at most {limit:.1f}) {'MISSED' if missed else 'ok'}")
    return missed


def show(name: str, found: dict[str, Measured]) -> None:
    """Print a row of the table."""
    own = found[name]
    seconds = median(own.seconds)
    plain = found.get("bare commands", own)
    spent = median(own.work)
    mebibytes = [f"{size / (1 << 20):.0f}" for size in (own.memory, own.disk, own.size)]
    same = {0: "", 1: "yes"}.get(len(own.hashes), "no") if len(own.seconds) > 1 else ""
    times = (seconds, seconds / median(plain.seconds), spent, spent / median(plain.work))
    cells = [*(f"{figure:.2f}" for figure in times), *mebibytes]
    print(f"{name:<34}{''.join(f'{cell:>9}' for cell in cells)}  {same:<10}  {own.boots}", flush=True)


def measured(builder: Builder, place: Path, rounds: int, *, boot: bool) -> Measured:
    """Build several times, each time in a directory of its own; raises OSError and SubprocessError."""
    result = Measured()
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix=f"round {number} ", dir=place) as folder:
            work = Path(folder)
            work.chmod(0o755)
            with peaks(result, place):
                began, spent = time.perf_counter(), processors()
                made = builder.make(work)
                result.seconds.append(time.perf_counter() - began)
                result.work.append(processors() - spent)
            if made:
                raw, image = made
                with raw.open("rb") as stream:
                    result.hashes.add(hashlib.file_digest(stream, "sha256").hexdigest())
                result.size = image.stat().st_size
                if boot and number == 0:
                    argv = [RECIPE, "image", "boot", image, "--check", "--firmware", "bios"]
                    result.boots = "no" if subprocess.run(argv, capture_output=True, check=False).returncode else "yes"
    return result


def processors() -> float:
    """Return the seconds of processors that all children have used that are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def peaks(result: Measured, place: Path) -> Iterator[None]:
    """Watch, five times a second, what this process's children hold in memory and what lies on disk and in /dev/shm."""
    done = threading.Event()
    before = [shutil.disk_usage(path).used for path in (place, MEMORY)]

    def watch() -> None:
        while not done.wait(0.2):
            used = [shutil.disk_usage(path).used - was for path, was in zip((place, MEMORY), before, strict=True)]
            result.memory = max(result.memory, resident(os.getpid()))
            result.disk = max(result.disk, sum(used))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def resident(process: int) -> int:
    """Return the bytes that the children of a process, and theirs, have in memory."""
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            pages[int(path.name)] = int((path / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(path.name))
    todo, total = [*children.get(process, [])], 0
    while todo:
        number = todo.pop()
        total += pages.get(number, 0)
        todo += children.get(number, [])
    return total * os.sysconf("SC_PAGE_SIZE")


class Ours:
    """This project, with a cache of phases that only the benchmark uses."""

    def __init__(self, place: Path) -> None:
        self._cache = place / "cache"
        self._file = place / "benchmark.toml"
        self._file.write_text(DEFINITION)
        tools = cache_directory() / "tools"
        (self._cache / "recipe-runner").mkdir(parents=True)
        if tools.is_dir():
            (self._cache / "recipe-runner/tools").symlink_to(tools)

    def cold(self, work: Path) -> tuple[Path, Path]:
        """Build with nothing kept from before, and keep everything, as the first build of a day does."""
        shutil.rmtree(self._cache / "recipe-runner/phases", ignore_errors=True)
        return self._build(self._file, work)

    def warm(self, work: Path) -> tuple[Path, Path]:
        """Build the same once more."""
        return self._build(self._file, work)

    def late(self, work: Path) -> tuple[Path, Path]:
        """Build with other kernel arguments: everything after the root is made anew."""
        other = work / "other.toml"
        other.write_text(DEFINITION.replace("115200n8", f"115200n8 round={time.monotonic_ns()}"))
        return self._build(other, work)

    def _build(self, definition: Path, work: Path) -> tuple[Path, Path]:
        run([str(RECIPE), "image", "build", str(definition), "--tree", str(work / "tree"), "--serial", SERIAL],
            XDG_CACHE_HOME=str(self._cache))  # fmt: skip
        (raw,) = (work / "tree/server/bookworm" / SERIAL).glob("*.raw")
        return raw, raw.with_suffix(".img")


def bare(work: Path) -> tuple[Path, Path]:
    """Run the commands that a build consists of, one after the other, and nothing else."""
    sources = [str(source) for source in debian_sources("bookworm", ("main",), machine_sources())]
    run(["mmdebstrap", "--variant=apt", "--format=tar", f"--include={','.join(PACKAGES)}",
         '--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-confold",
         f'--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d"; {INITRAMFS}', f"--customize-hook={FINISH}",
         "bookworm", str(work / "root.tar"), *sources], work, TMPDIR=str(MEMORY), INITRD="No")  # fmt: skip
    return image_step(work)


def with_debootstrap(work: Path) -> tuple[Path, Path]:
    """Make the root by debootstrap, in memory too, and the disk by the same commands."""
    mirror = debian_sources("bookworm", ("main",), machine_sources())[0].uri
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        root = Path(folder) / "root"
        run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(root), mirror],
            work, INITRD="No")  # fmt: skip
        finish = f'{INITRAMFS}\n{FINISH}\nchroot "$1" apt-get clean\nrm -rf "$1"/var/lib/apt/lists/*'
        run(["sh", "-eu", "-c", finish, "-", str(root)], work)
        run(["tar", "--create", "--file", "root.tar", "--sort=name", "--numeric-owner", f"--mtime=@{EPOCH}",
             "--one-file-system", "--directory", str(root), "."], work)  # fmt: skip
    return image_step(work)


def image_step(work: Path) -> tuple[Path, Path]:
    """Make the disks of `root.tar` in the directory."""
    mke2fs = find_mke2fs(Commands(Path(os.devnull), dict(os.environ)), cache_directory(), Terminal())
    run(["bash", "-eu", "-c", DISK], work, MKE2FS=str(mke2fs.path), EXTENDED=EXTENDED,
        MKE2FS_LIBRARIES=mke2fs.environ.get("LD_LIBRARY_PATH", ""))  # fmt: skip
    return work / "disk.raw", work / "disk.qcow2"


def with_mkosi(work: Path) -> tuple[Path, ...]:
    """Let mkosi make a bootable disk of the same packages."""
    run(["mkosi", "--distribution=debian", "--release=bookworm", "--format=gpt_ext4", "--bootable=yes", "--force",
         f"--package={','.join(PACKAGES)}", "--output=disk.raw", "build"], work)  # fmt: skip
    return ()


def with_vmdb2(work: Path) -> tuple[Path, ...]:
    """Let vmdb2 make a bootable disk of the same packages."""
    (work / "image.yaml").write_text(VMDB2)
    run(["vmdb2", "--verbose", "--output", "disk.raw", "image.yaml"], work)
    return ()


def run(argv: list[str], directory: Path | None = None, **environ: str) -> None:
    """Run a command quietly; raises OSError and SubprocessError."""
    settings = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "LC_ALL": "C.UTF-8", "TZ": "UTC", **environ}
    subprocess.run(
        argv, cwd=directory, env=settings, check=True, timeout=LIMIT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0,
    )  # fmt: skip


def reason(error: OSError | subprocess.SubprocessError) -> str:
    """Say in one line why a peer is left out: what it did last before its first complaint, and the complaint."""
    if not isinstance(error, subprocess.CalledProcessError):
        return str(error)
    said = [row.strip() for row in error.stdout.decode("utf-8", "replace").splitlines() if row.strip()]
    first = next((n for n, row in enumerate(said) if re.search(r"error|unknown|cannot|denied", row, re.IGNORECASE)), -1)
    before = f"{said[first - 1][:80]} … " if first > 0 and said[first - 1].startswith("Exec") else ""
    return f"it ended with status {error.returncode}: {before}{said[first][:120] if said else 'without a word'}"


if __name__ == "__main__":
    sys.exit(main())
