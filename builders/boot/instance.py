"""The instance a machine is told to be: its name, its key, its user data, in the forms that datasources give them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.workshop.command import Commands

Datasource = Literal["nocloud", "ec2"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance; `public_key` is a line of an authorized_keys file, `user_data` a cloud-config."""

    id: str
    hostname: str
    public_key: str
    user_data: str


def new_instance(public_key: str, *, hostname: str = "recipe-boot", mark: str = "") -> Instance:
    """Return an instance of its own kind; where `mark` is given its user data writes that on the console."""
    said = json.dumps(["sh", "-c", f"echo {mark} >/dev/console"])  # JSON is YAML
    user_data = f"#cloud-config\nruncmd:\n  - {said}\n" if mark else "#cloud-config\n{}\n"
    return Instance(f"i-{secrets.token_hex(8)}", hostname, public_key.strip(), user_data)


def make_seed(instance: Instance, work: Path, commands: Commands) -> Path:
    """Return a FAT image labelled CIDATA with the instance's data, the form that cloud-init's NoCloud looks for."""
    seed = work / "seed.img"
    meta_data = {"instance-id": instance.id, "local-hostname": instance.hostname, "public-keys": [instance.public_key]}
    texts = {"meta-data": json.dumps(meta_data), "user-data": instance.user_data}
    for name, text in texts.items():
        (work / name).write_text(f"{text}\n", "utf-8")
    commands.run("mkfs.vfat", "-C", "-n", "CIDATA", seed, "1024")
    tools = commands.extended(MTOOLS_SKIP_CHECK="1", MTOOLSRC="/dev/null")
    tools.run("mcopy", "-i", seed, *(work / name for name in texts), "::")
    return seed
