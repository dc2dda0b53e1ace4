"""Which Debian package brings a program, for the hint beside a program that is missing."""

from __future__ import annotations

PACKAGES = {
    "aws": "awscli",
    "bash": "bash",
    "curl": "curl",
    "dpkg-scanpackages": "dpkg-dev",
    "git": "git",
    "gpg": "gnupg",
    "gpg-agent": "gnupg",
    "gpgv": "gpgv",
    "grub-mkimage": "grub-common",
    "jq": "jq",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mksquashfs": "squashfs-tools",
    "mmdebstrap": "mmdebstrap",
    "python3": "python3",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "rsync": "rsync",
    "sfdisk": "fdisk",
    "sgdisk": "gdisk",
    "shellcheck": "shellcheck",
    "sqv": "sqv",
    "ssh": "openssh-client",
    "xorriso": "xorriso",
    "zstd": "zstd",
}
"""Program → binary package of Debian 12 (`dpkg -S`, packages.debian.org)."""


def remedy(program: str) -> str:
    """Return the imperative sentence that ends with `program` being there."""
    if package := PACKAGES.get(program):
        return f"install it: `apt-get install {package}`"
    return f"install the package that brings it; `apt-file search bin/{program}` names it"
