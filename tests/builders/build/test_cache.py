from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.build.cache import PhaseCache, phase_key

KEY, OTHER = phase_key("a"), phase_key("b")


@pytest.fixture
def cache(tmp_path: Path) -> PhaseCache:
    return PhaseCache(tmp_path / "phases")


def source(tmp_path: Path, text: str = "content") -> Path:
    path = tmp_path / "source"
    path.write_text(text)
    return path


def has(cache: PhaseCache, key: str) -> bool:
    with cache.holding(key) as found:
        return found is not None


def test_what_is_kept_is_found(cache: PhaseCache, tmp_path: Path) -> None:
    """Files come back under their names by their key, and by no other."""
    assert not has(cache, KEY)
    cache.keep(KEY, {"file": source(tmp_path)})
    with cache.holding(KEY) as found:
        assert found is not None
        assert (found / "file").read_text() == "content"
    assert not has(cache, OTHER)


def test_every_input_is_in_the_key() -> None:
    """Phase, inputs and their order make the key; the order of a table's keys does not."""
    keys = {phase_key("a", 1, 2), phase_key("a", 2, 1), phase_key("b", 1, 2), phase_key("a", [1, 2]), phase_key("a")}
    assert len(keys) == 5
    assert phase_key("a", {"x": 1, "y": 2}) == phase_key("a", {"y": 2, "x": 1})


@pytest.mark.parametrize("name", ["file", "SHA256SUMS"])
def test_a_spoilt_entry_is_not_found_and_goes(cache: PhaseCache, tmp_path: Path, name: str) -> None:
    """A byte changed, or lost to a power cut, makes the entry count as not there, and room for a new one."""
    cache.keep(KEY, {"file": source(tmp_path)})
    (cache.directory / KEY / name).write_text("conten")
    assert not has(cache, KEY)
    assert not (cache.directory / KEY).exists()
    cache.keep(KEY, {"file": source(tmp_path)})
    assert has(cache, KEY)


def test_the_longest_unused_goes_first_but_never_what_is_held(tmp_path: Path) -> None:
    """Over the limit, an entry that a build reads stays, and others go in the order of their last use."""
    cache = PhaseCache(tmp_path / "phases", limit=80 << 10)
    keys = [phase_key(str(number)) for number in range(4)]
    for number, key in enumerate(keys[:3]):
        cache.keep(key, {"file": source(tmp_path, "x" * (20 << 10))})
        os.utime(cache.directory / key, (number, number))
    with cache.holding(keys[0]) as held:
        assert held is not None
        os.utime(held, (0, 0))
        cache.keep(keys[3], {"file": source(tmp_path, "x" * (20 << 10))})
        assert [has(cache, key) for key in keys] == [True, False, True, True]


def test_two_builds_may_keep_the_same_at_once(cache: PhaseCache, tmp_path: Path) -> None:
    """Whoever comes second leaves the first's entry as it is, and nothing half-made stays."""
    file = source(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache.keep(KEY, {"file": file}), range(16)))
    assert has(cache, KEY)
    assert [path.name for path in cache.directory.iterdir()] == [KEY]


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """Keeping is a favour: without room or rights the build goes on."""
    (tmp_path / "file").write_text("no directory")
    cache = PhaseCache(tmp_path / "file")
    cache.keep(KEY, {"file": source(tmp_path)})
    assert not has(cache, KEY)
