"""What the models of a definition share: strict, immutable, and checked across their keys by their own rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

MISFITS = "misfits"
"""The type of the validation error that holds a model's misfits in its context, under the same name."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is sound alone but not together with others: the path of its key, what is wrong, what to do.

    The path is relative to the model that tells it; numbers in it are places in arrays, from 0.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class Model(BaseModel):
    """The base of every value of a definition: a misspelt key is an error, `_` of a name is `-` in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=_dashed)

    def misfits(self) -> Iterable[Misfit]:
        """Say what does not fit together in here; asked once each key is sound alone."""
        return ()

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if found := tuple(self.misfits()):
            raise PydanticCustomError(MISFITS, "the values do not fit together", {MISFITS: found})
        return self
