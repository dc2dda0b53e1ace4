"""What is known of a publication: a JSON file that is rewritten after each of the cloud's replies."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builders.publish import durable
from builders.publish.identity import Identity
from recipe_runner.errors import Diagnostic, RecipeError, UnmetError
from recipe_runner.sanitise import line


class Regional(BaseModel):
    """What exists in one region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot: str = Field("", description="its id, once it was asked for")
    snapshot_done: bool = Field(default=False, description="sealed and complete")
    image: str = Field("", description="the AMI's id")
    public: bool = Field(default=False, description="everybody was given leave to launch it")


class Publication(BaseModel):
    """One image in one cloud; the ids in it are the only things a rollback may touch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ec2-publication/1"] = "ec2-publication/1"
    identity: Identity
    cloud: str = Field(description="`aws`, or the address of another endpoint")
    account: str
    content: str = Field(description="identity of the disk's data, see `DataMap.content`")
    gibibytes: int = Field(description="size of the volume")
    source: str = Field(description="the region that takes the upload; the others copy from it")
    attempt: int = Field(1, description="counts uploads: a snapshot that the cloud gave up is not used again")
    sent: tuple[int, ...] = Field((), description="indexes of the blocks the cloud has acknowledged")
    regions: Mapping[str, Regional]
    verified: bool = Field(default=False, description="everything was read back and agrees")

    @property
    def amis(self) -> dict[str, str]:
        """The image id of each region that has one, in the order of the request."""
        return {region: facts.image for region, facts in self.regions.items() if facts.image}

    def refuse_private(self) -> None:
        """Raise UnmetError unless the image is public in every region."""
        hidden = [region for region, facts in self.regions.items() if not facts.public]
        if hidden:
            raise UnmetError.because(
                f"`{self.identity.name}` is not public in {', '.join(hidden)}", hint="make it public first"
            )


@dataclass(slots=True)
class Ledger:
    """The file that holds a publication; its values change only together with the file. Shared between threads."""

    path: Path
    current: Publication
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, **changes: object) -> None:
        """Change facts about the whole publication."""
        with self.lock:
            self._keep(self.current.model_copy(update=changes))

    def note_region(self, region: str, **changes: object) -> None:
        """Change facts about one region; another snapshot or image has to be verified again."""
        with self.lock:
            old = self.current.regions[region]
            new = old.model_copy(update=changes)
            if new == old:
                return
            verified = self.current.verified and (old.snapshot, old.image) == (new.snapshot, new.image)
            regions = {**self.current.regions, region: new}
            self._keep(self.current.model_copy(update={"regions": regions, "verified": verified}))

    def _keep(self, publication: Publication) -> None:
        durable.replace(self.path, publication.model_dump_json(indent=1).encode() + b"\n")
        self.current = publication


def read_publication(path: Path) -> Publication:
    """Read the file; raises UnmetError when there is none and RecipeError when it is not a publication."""
    try:
        text = path.read_bytes()
    except FileNotFoundError as fault:
        raise UnmetError.because(
            f"there is no publication at `{path}`", hint="run the step that publishes privately first"
        ) from fault
    except OSError as fault:
        raise RecipeError.because(f"cannot read `{path}`: {fault.strerror}") from fault
    try:
        return Publication.model_validate(json.loads(text))
    except (ValueError, ValidationError) as fault:
        raise RecipeError(*_explain(path, fault)) from fault


def set_aside(path: Path) -> Path:
    """Move the file out of the way without losing it, and return its new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _explain(path: Path, fault: Exception) -> list[Diagnostic]:
    hint = "move the file away; what exists in the cloud is found again by its name"
    if not isinstance(fault, ValidationError):
        return [Diagnostic(f"`{path}` is not JSON: {line(str(fault))}", hint=hint)]
    return [
        Diagnostic(f"`{path}`: `{'.'.join(map(str, e['loc']))}`: {line(e['msg'])}", hint=hint) for e in fault.errors()
    ]
