"""A booted image in a person's hands: its serial console, and a way in over ssh."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from builders.boot.check import Terms, machine_of, tools
from builders.boot.contents import read_contents
from builders.boot.instance import make_seed, new_instance
from builders.boot.machine import Network
from builders.boot.metadata import serving, tree
from builders.boot.ssh import Door, free_port, own_key, throw_away_key
from builders.boot.subject import Subject, make_overlay
from builders.workshop.progress import Progress
from recipe_runner.errors import RecipeError


def boot_by_hand(subject: Subject, terms: Terms, ssh_key: Path | None, work: Path, progress: Progress) -> None:
    """Give the person the serial console until the machine is switched off; raises RecipeError when QEMU fails.

    An image with cloud-init lets `ssh_key` in, or a key that lives as long as the machine.
    """
    contents = read_contents(subject.image, subject.form, work)
    key = own_key(ssh_key) if ssh_key else throw_away_key(work)
    overlay, _ = make_overlay(subject, work)
    door = Door(key, free_port(), contents.user, work / "known_hosts")
    network = Network(ssh_port=door.port, outgoing=True)
    machine = replace(machine_of(overlay, subject, terms), network=network)
    with ExitStack() as stack:
        if contents.cloud:
            instance = new_instance(key.public)
            if terms.datasource == "ec2":
                port, _ = stack.enter_context(serving(tree(instance, subject.architecture)))
                machine = replace(machine, network=replace(network, metadata_port=port), instance=instance.id)
            else:
                machine = replace(machine, seed=make_seed(instance, work, tools(work)))
            progress.note(f"once it is up: {shlex.join(door.argv(strict='accept-new'))}")
        else:
            progress.note(f"no key can be given: {contents.why_not}")
        progress.note("Ctrl-A X ends the machine; what it writes is thrown away.")
        status = subprocess.run(machine.argv(work, interactive=True), check=False).returncode
    if status:
        raise RecipeError.because(f"QEMU ended with status {status}")
