"""What is done beside a build's phases: finished files are summed and kept while the next tools run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builders.publish.sums import digest


@dataclass(frozen=True, slots=True)
class Aside:
    """Tasks, one after the other, and sums of files that nobody changes any more; each kind has its own thread."""

    tasks: Executor
    summing: Executor
    begun: list[Future[object]] = field(default_factory=list)
    sums: dict[Path, Future[str]] = field(default_factory=dict)

    def begin(self, task: Callable[..., object], *arguments: object) -> None:
        """Do this when all that was begun before it is done."""
        self.begun.append(self.tasks.submit(task, *arguments))

    def take(self, copy: Callable[[Mapping[str, Path]], bool], targets: Mapping[str, Path]) -> Future[bool]:
        """Copy kept files to their places, where there are any, and sum them; the result says whether there were."""

        def task() -> bool:
            if copied := copy(targets):
                self.sum(*targets.values())
            return copied

        return self.tasks.submit(task)

    def sum(self, *paths: Path) -> None:
        """Sum files that are whole."""
        for path in paths:
            self.sums[path] = self.summing.submit(digest, path)

    def digests(self, directory: Path) -> dict[str, str]:
        """Wait for the sums of the files below a directory; return them (sha256, hex) by relative name."""
        return {
            path.relative_to(directory).as_posix(): sum_.result()
            for path, sum_ in self.sums.items()
            if path.is_relative_to(directory)
        }

    def finish(self) -> None:
        """Wait for all tasks, and raise what went wrong."""
        for task in self.begun:
            task.result()


@contextmanager
def aside() -> Iterator[Aside]:
    """Give threads for what can be done beside; the block ends when they have ended."""
    with ThreadPoolExecutor(1) as summing, ThreadPoolExecutor(1) as tasks:  # tasks may begin sums
        yield Aside(tasks, summing)
