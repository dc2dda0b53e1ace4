from __future__ import annotations

from builders.proof.changes import Change, Measures, package_changes, root_size


def test_packages_are_added_removed_or_changed() -> None:
    """What is the same is not listed; the others are, in order of name, with both versions."""
    before, now = {"same": "1", "gone": "2", "newer": "3"}, {"same": "1", "newer": "4", "added": "5"}
    assert package_changes(before, now) == (
        Change("added", "added", None, "5"),
        Change("removed", "gone", "2", None),
        Change("changed", "newer", "3", "4"),
    )


def test_growth_is_told_from_the_limit_on() -> None:
    """A file that did not exist before has not grown, nor has one within the percentage."""
    before, now = Measures({"root": 100, "disk": 100}), Measures({"root": 111, "disk": 110, "new": 900})
    assert [finding.path for finding in now.growth(before, 10)] == ["root"]


def test_the_roots_size_is_that_of_its_files() -> None:
    """The third column of the list of files is summed."""
    assert root_size("-rw-r--r--\t0:0\t5\tabc\t/a\ndrwxr-xr-x\t0:0\t0\t-\t/b\n-rw-\t0:0\t7\tabc\t/c\n") == 12
