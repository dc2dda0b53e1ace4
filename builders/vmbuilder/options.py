"""Every option and plugin of VMBuilder, and what stands in its place here: one table for the converter and the docs.

Names and meanings: VMBuilder's own `--help` and sources (0.12 and its later branches, from 2009 to 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fate = Literal["key", "verb", "always", "secret", "none"]
"""A key of the definition; a verb or option of ours; done anyway; never copied; nothing."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `here` is our equivalent in Markdown, `why` the reason where there is none or a remark."""

    name: str
    fate: Fate
    here: str
    why: str = ""
    kind: Literal["text", "list", "flag"] = "text"
    aliases: tuple[str, ...] = ()


GROUPS: dict[str, tuple[Option, ...]] = {
    "Build": (
        Option("config", "verb", "`import-vmbuilder FILE`", "it is read and converted", aliases=("c",)),
        Option("templates", "none", "", "its templates are Cheetah's: write `[[files]]` with `template = true`"),
        Option("destdir", "verb", "`recipe image build --tree DIR`", aliases=("d", "dest")),
        Option("overwrite", "none", "", "a serial that exists is never changed", "flag", ("o",)),
        Option("only-chroot", "key", '`outputs = ["root-tar.gz"]`', "", "flag"),
        Option("chroot-dir", "none", "", "the work is done in a scratch place that is always removed"),
        Option("existing-chroot", "none", "", "a root is always made from the archive, or it could not be made again"),
        Option("tmp", "verb", "`TMPDIR`", "a variable of the environment", aliases=("t",)),
        Option("tmpfs", "always", "", "the work is done in memory where it fits"),
        Option("in-place", "none", "", "file systems are made from an archive of the root", "flag"),
        Option("debug", "none", "", "the log of a failed build is kept", "flag"),
        Option("verbose", "none", "", "each phase is told with its time", "flag", ("v",)),
        Option("quiet", "none", "", "redirect standard error", "flag", ("q",)),
        Option("version", "verb", "`recipe --version`", "", "flag"),
    ),
    "Disk": (
        Option("rootsize", "key", "`disk.size`", "the sum of all partitions, and 67 MiB for booting"),
        Option("optsize", "key", "`[[disk.partitions]]`", 'with `mount = "/opt"`'),
        Option("swapsize", "key", "`[[disk.partitions]]`", 'with `filesystem = "swap"`'),
        Option("raw", "none", "", "disks are always new files; write one to a device yourself", "list"),
        Option(
            "part", "key", "`[[disk.partitions]]`, `[[disks]]`", "the part file is converted; file systems are ext4"
        ),
    ),
    "Packages": (
        Option("addpkg", "key", "`packages`", "", "list"),
        Option("removepkg", "key", "`remove`", "", "list"),
        Option("seedfile", "key", "`debconf`"),
    ),
    "General": (
        Option("arch", "key", "`architecture`", "`amd64` or `arm64`", aliases=("a",)),
        Option("hostname", "key", "`hostname`"),
    ),
    "Installation": (
        Option("suite", "key", "`codename`"),
        Option("flavour", "key", "`kernel`", "as `linux-image-FLAVOUR`", aliases=("kernel-flavour",)),
        Option("variant", "always", "", "`minbase` is what is built; `buildd` and `fakechroot` are no images"),
        Option("debootstrap-tarball", "none", "", "finished phases are kept by themselves"),
        Option("iso", "none", "", "name a mirror: `archive.mirror` takes `file://` addresses"),
        Option("mirror", "key", "`archive.image-mirror`, `archive.mirror`"),
        Option("install-mirror", "key", "`archive.mirror`"),
        Option("security-mirror", "key", "`archive.image-security-mirror`, `archive.security-mirror`"),
        Option("install-security-mirror", "key", "`archive.security-mirror`"),
        Option("proxy", "key", "`archive.proxy`", "one with a password is never copied"),
        Option("components", "key", "`archive.components`", "", "list"),
        Option(
            "ppa",
            "verb",
            "`[[archive.repositories]]`",
            "needs the archive's key, which VMBuilder never asked for",
            "list",
        ),
        Option("lang", "key", "`locale`"),
        Option("timezone", "key", "`timezone`"),
    ),
    "First user": (
        Option("user", "key", "`[[users]]` `name`", "with `sudo = true`, as VMBuilder's first user has it"),
        Option("name", "key", "`[[users]]` `full-name`"),
        Option("pass", "secret", "`[[users]]` `password-hash`", "the account is locked; prefer a key"),
        Option("rootpass", "secret", "`[[users]]` `password-hash`", "root is locked"),
        Option("uid", "key", "`[[users]]` `uid`"),
        Option("gid", "none", "", "the user's group has the next free number"),
        Option("lock-user", "always", "", "an account without a hash is locked", "flag"),
        Option("ssh-key", "key", "`[[users]]` `ssh-keys` of `root`", "the public keys in the file"),
        Option("ssh-user-key", "key", "`[[users]]` `ssh-keys`", "the public keys in the file"),
        Option("manifest", "always", "", "each build has `….manifest`"),
    ),
    "Network (plugin `network`)": (
        Option("domain", "key", "`hostname`", "after a dot"),
        Option("ip", "key", "`[[files]]`", "a `.network` file of systemd-networkd; `dhcp` needs none"),
        Option("mask", "key", "`[[files]]`", "in the same file"),
        Option("gw", "key", "`[[files]]`", "in the same file"),
        Option("dns", "key", "`[[files]]`", "in the same file"),
        Option("net", "always", "", "follows from address and mask"),
        Option("bcast", "always", "", "follows from address and mask"),
        Option("mac", "none", "", "belongs to the machine, not to its image: libvirt chooses one"),
    ),
    "Scripts (plugins `firstscripts` and `postinst`)": (
        Option("firstboot", "key", "`first-boot`"),
        Option("firstlogin", "key", "`first-login`"),
        Option("copy", "key", "`[[files]]`", "one entry for each file; a directory becomes its files"),
        Option(
            "execscript", "key", "`[[hooks]]`", 'with `where = "outside"`: the root is its argument', aliases=("exec",)
        ),
    ),
    "Machine (plugins `libvirt`, `kvm`, `xen`, `vmware`, `virtualbox`)": (
        Option("mem", "verb", "`recipe image boot --memory`", "also for `--libvirt`", aliases=("m",)),
        Option("cpus", "verb", "`recipe image boot --cpus`", "also for `--libvirt`"),
        Option("libvirt", "verb", "`recipe image boot --libvirt FILE`", "writes the domain; `virsh define` takes it"),
        Option("network", "verb", "`recipe image boot --libvirt FILE --network NAME`"),
        Option("bridge", "verb", "`recipe image boot --libvirt FILE --bridge NAME`"),
        Option("xen-kernel", "verb", "`recipe image boot --firmware direct`", "the build's kernel is in `unpacked/`"),
        Option("xen-ramdisk", "verb", "`recipe image boot --firmware direct`", "the build's ramdisk is in `unpacked/`"),
        Option(
            "vbox-disk-format", "key", '`outputs = ["vmdk"]`', "`vdi` has no equivalent: VirtualBox takes `vmdk` too"
        ),
    ),
    "EC2 (plugin `ec2`)": (
        Option("ec2", "key", '`cloud-init.datasources = ["Ec2"]`', "and the packages that go with it", "flag"),
        Option("ec2-name", "verb", "action `ec2.publish`, `name`", aliases=("ec2-prefix",)),
        Option("ec2-cert", "secret", "", "images are uploaded by today's API, which takes no certificate"),
        Option("ec2-key", "secret", "", "as AWS's own tools find it: `AWS_PROFILE` and its files"),
        Option("ec2-user", "none", "", "the account is that of the credentials; a recipe may require it"),
        Option("ec2-bucket", "none", "", "blocks are uploaded to snapshots directly, without S3"),
        Option("ec2-access-key", "secret", "", "as AWS's own tools find it: `AWS_PROFILE` and its files"),
        Option("ec2-secret-key", "secret", "", "as AWS's own tools find it: `AWS_PROFILE` and its files"),
        Option("ec2-kernel", "none", "", "today's machines start the image's own kernel", aliases=("ec2-aki",)),
        Option("ec2-ramdisk", "none", "", "today's machines start the image's own ramdisk", aliases=("ec2-ari",)),
        Option("ec2-version", "always", "", "the serial is in `/etc/cloud/build.info`"),
        Option("ec2-landscape", "key", "`packages`", "with `landscape-client`", "flag"),
        Option("ec2-bundle", "key", '`outputs = ["bundle"]`', "file system, kernel and ramdisk in one tarball", "flag"),
        Option("ec2-upload", "verb", "action `ec2.publish`", "", "flag"),
        Option("ec2-register", "verb", "action `ec2.publish`", "", "flag"),
    ),
}

OPTIONS: dict[str, Option] = {
    name: option for options in GROUPS.values() for option in options for name in (option.name, *option.aliases)
}
"""Every option by each of its names."""

PLUGINS: dict[str, tuple[str, str]] = {
    "kvm": ("`<p>.img`", "qcow2, which every build has"),
    "xen": ('`outputs = ["bundle"]`', "a file system image with kernel and ramdisk"),
    "vmware": ('`outputs = ["vmdk"]`', "`vmserver`, `vmw6` and `esxi` too; without a `.vmx` file"),
    "virtualbox": ('`outputs = ["vmdk"]`', "without the script that registers the machine"),
    "ubuntu": ('`distribution = "ubuntu"`', ""),
    "debian": ('`distribution = "debian"`', ""),
    "ec2": ("action `ec2.publish`", "in a recipe, with checks before it and after"),
    "libvirt": ("`recipe image boot --libvirt FILE`", ""),
    "network": ("`hostname`, `[[files]]`", ""),
    "firstscripts": ("`first-boot`, `first-login`", ""),
    "postinst": ("`[[files]]`, `[[hooks]]`", ""),
    "cli": ("`recipe image import-vmbuilder`", ""),
}
"""Hypervisors, distributions and other plugins: the equivalent, and a remark."""

HYPERVISORS = ("kvm", "xen", "vmw6", "vmserver", "esxi", "vmware", "virtualbox", "vbox")
DISTRIBUTIONS = ("ubuntu", "debian")
