"""A private apt: package lists and downloads of its own, the machine's apt left as it is."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders.workshop.command import Commands
from builders.workshop.sources import Source

CONFIGURATION = """\
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{cache}";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
"""
FOREIGN = """\
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
"""


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """apt working in `directory` (empty at first) on `sources` only; keyrings are the sources' own.

    `architecture` is the machine's own where it is None.
    """

    directory: Path
    sources: Sequence[Source]
    commands: Commands
    architecture: str | None = None

    def update(self) -> None:
        """Fetch and verify the package lists; raises RecipeError with apt's words."""
        state, cache = self.directory / "state", self.directory / "cache"
        for folder in (state / "lists/partial", cache / "archives/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        (state / "sources.list").write_text("".join(f"{source}\n" for source in self.sources))
        foreign = FOREIGN.format(architecture=self.architecture) if self.architecture else ""
        self._configuration.write_text(CONFIGURATION.format(state=state, cache=cache) + foreign)
        self._apt.run("apt-get", "update", "--error-on=any")

    def download(self, *packages: str) -> list[Path]:
        """Fetch the packages' newest versions, verified against the lists, and return the files."""
        pool = self.directory / "pool"
        pool.mkdir(exist_ok=True)
        self._apt.run("apt-get", "download", *packages, cwd=pool)
        return sorted(pool.glob("*.deb"))

    def depends(self, package: str) -> list[str]:
        """Return the names of the packages that `package` needs directly."""
        said = self._apt.output("apt-cache", "depends", "--important", package)
        return re.findall(r"^ +\|?(?:Pre)?Depends: ([a-z0-9][a-z0-9+.-]+)$", said, re.MULTILINE)

    @property
    def _configuration(self) -> Path:
        return self.directory / "apt.conf"

    @property
    def _apt(self) -> Commands:
        return self.commands.extended(APT_CONFIG=str(self._configuration))


def unpack_privately(
    home: Path, sources: Sequence[Source], packages: Sequence[str], commands: Commands, architecture: str | None = None
) -> None:
    """Fetch packages and unpack them below `home`/root, which appears whole; raises RecipeError or OSError."""
    with becoming(home) as ready:
        apt = PrivateApt(ready.with_name("apt"), sources, commands, architecture)
        apt.update()
        for package in apt.download(*packages):
            commands.run("dpkg-deb", "--extract", package, ready / "root")


@contextmanager
def becoming(home: Path) -> Iterator[Path]:
    """Give a new directory that becomes `home` when the block ends without an error; who is faster than we wins.

    What stands beside it is swept away. Raises OSError.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent) as folder:
        ready = Path(folder, "ready")
        ready.mkdir()
        yield ready
        try:
            ready.rename(home)
        except OSError:
            if not home.is_dir():
                raise
