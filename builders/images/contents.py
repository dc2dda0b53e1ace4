"""What a root gets besides its packages: users, files, scripts, settings of cloud-init."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import yaml
from pydantic import Field

from builders.images.attachment import File, Script
from builders.images.model import Misfit, Model
from builders.images.words import AbsolutePath, FullName, Mode, PasswordHash, Program, PublicKey, Size, UserName

RootPhase = Literal["setup", "essential", "packages", "customise"]
LatePhase = Literal["filesystem", "disk", "output"]
Phase = RootPhase | LatePhase
Datasource = Literal[
    "AliYun",
    "Azure",
    "CloudStack",
    "ConfigDrive",
    "DigitalOcean",
    "Ec2",
    "GCE",
    "Hetzner",
    "LXD",
    "MAAS",
    "NoCloud",
    "None",
    "OVF",
    "OpenNebula",
    "OpenStack",
    "Oracle",
    "Scaleway",
    "SmartOS",
    "VMware",
    "Vultr",
]


class User(Model):
    """A person's or program's account; its password is locked where no hash is given."""

    name: UserName = Field(description="what it logs in as")
    full_name: FullName = Field("", description="shown by `finger` and in greetings")
    uid: int | None = Field(None, ge=100, le=59999, description="number; default: the next free one")
    groups: tuple[UserName, ...] = Field((), strict=False, description="further groups, made where they are missing")
    shell: Program = Field("/bin/bash", description="login shell")
    ssh_keys: tuple[PublicKey, ...] = Field((), strict=False, description="public keys that may log in")
    password_hash: PasswordHash | None = Field(None, description="as `mkpasswd` prints it; default: locked")
    sudo: bool = Field(False, description="may do everything by `sudo`, without a password")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse what root has already."""
        if self.name == "root":
            for key in ("uid", "groups", "sudo"):
                if key in self.model_fields_set:
                    yield Misfit((key,), f"`root` takes no `{key}`", "remove it")


class CopiedFile(Model):
    """One file that is copied into the image."""

    source: File = Field(description="the file, relative to the definition")
    target: AbsolutePath = Field(description="where it goes; links in the root are followed within the root")
    mode: Mode = Field("0644", description="permission bits, octal")
    owner: UserName = Field("root", description="a user of the image")
    group: UserName = Field("root", description="a group of the image")
    template: bool = Field(False, description="it is a Jinja template of the definition's facts and `variables`")


class Hook(Model):
    """A script that is run while the root is made, or on a file that is made of it."""

    script: Script = Field(description="the script, relative to the definition")
    phase: Phase = Field(
        "customise",
        description="`setup`: the root is empty; `essential`: only essential packages are there; `packages`: all are; "
        "`customise`: users and files too; `filesystem`, `disk`, `output`: on each of these files",
    )
    where: Literal["inside", "outside"] = Field(
        "inside", description="in the root, or with the build machine's programs and the path of root or file"
    )
    read_only: bool = Field(False, description="of `filesystem`, `disk`, `output`: it looks, and may fail the build")

    @property
    def late(self) -> bool:
        """Whether it is run on a file that is made of the finished root."""
        return self.phase in get_args(LatePhase)

    def misfits(self) -> Iterable[Misfit]:
        """Refuse a script where nothing can run, and one that only reads what all may change."""
        if self.late and self.where == "inside":
            yield Misfit(("phase",), "nothing can run inside a file", 'write `where = "outside"`')
        if self.read_only and not self.late:
            yield Misfit(("read-only",), "a hook on a root may always change it", "remove it, or choose a later phase")
        if self.phase == "setup" and self.where == "inside":
            yield Misfit(("phase",), "nothing can run inside an empty root", 'write `where = "outside"`')


class CloudInit(Model):
    """What cloud-init finds in the image."""

    datasources: tuple[Datasource, ...] = Field(
        (), strict=False, description="where it asks for its orders, in this order; default: cloud-init's own list"
    )
    settings: File | None = Field(None, description="a YAML file for `/etc/cloud/cloud.cfg.d`")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse settings that cloud-init could not read."""
        if self.settings is None:
            return
        try:
            read = yaml.safe_load(self.settings.content)
        except (yaml.YAMLError, UnicodeDecodeError) as fault:
            where = getattr(fault, "problem_mark", None)
            at = f" at line {where.line + 1}" if where else ""
            yield Misfit(("settings",), f"`{self.settings.path}` is not YAML{at}", "mend the file")
        else:
            if not isinstance(read, dict):
                yield Misfit(("settings",), f"`{self.settings.path}` holds no mapping", "write `key: value` lines")


class Limits(Model):
    """Sizes that a build must not exceed; one that does fails."""

    root: Size | None = Field(None, ge=1, description="all files of the root together")
    image: Size | None = Field(None, ge=1, description="the qcow2")
    packages: int | None = Field(None, ge=1, description="how many packages are installed")
