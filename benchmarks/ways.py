"""The ways to an image that are compared: each works in an empty directory, with the same packages and mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
