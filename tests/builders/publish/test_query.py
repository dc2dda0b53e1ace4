from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.publish import query
from builders.publish.identity import Identity
from builders.publish.publication import Publication, Regional
from recipe_runner.errors import RecipeError

DOWNLOAD = "server/releases/karmic/release-alpha-3-20090723/karmic-server-cloudimg-amd64.img"


def published(identity: Identity, **amis: str) -> Publication:
    regions = {name.replace("_", "-"): Regional(image=ami, public=True) for name, ami in amis.items()}
    return Publication(
        identity=identity,
        cloud="aws",
        account="1",
        content="c",
        gibibytes=1,
        source=next(iter(regions)),
        regions=regions,
    )


def test_the_files_have_the_columns_of_the_cloud_image_server(tmp_path: Path, identity: Identity) -> None:
    """Four, eleven and seven columns, separated by tabs."""
    query.update(tmp_path, published(identity, us_east_1="ami-1", eu_west_1="ami-2"), DOWNLOAD)
    folder = tmp_path / "query"
    assert (folder / "released.latest.txt").read_text() == "karmic\tserver\talpha-3\t20090723\n"
    assert (folder / "karmic/server/released.current.txt").read_text() == (
        "karmic\tserver\talpha-3\t20090723\tebs-ssd\tamd64\teu-west-1\tami-2\t\t\thvm\n"
        "karmic\tserver\talpha-3\t20090723\tebs-ssd\tamd64\tus-east-1\tami-1\t\t\thvm\n"
    )
    assert (folder / "karmic/server/released-dl.current.txt").read_text() == (
        f"karmic\tserver\talpha-3\t20090723\tamd64\t{DOWNLOAD}\tubuntu-karmic-alpha-3-x86_64-server-20090723\n"
    )


def test_older_releases_stay_in_the_full_table_only(tmp_path: Path, identity: Identity) -> None:
    """A newer serial replaces an older one in the current table, and stands beside it in the full one."""
    newer = identity.model_copy(update={"milestone": "beta", "serial": "20091003"})
    query.update(tmp_path, published(identity, us_east_1="ami-1"), DOWNLOAD)
    query.update(tmp_path, published(newer, us_east_1="ami-9"), DOWNLOAD)
    folder = tmp_path / "query/karmic/server"
    assert [row.split("\t")[7] for row in (folder / "released.txt").read_text().splitlines()] == ["ami-1", "ami-9"]
    assert [row.split("\t")[7] for row in (folder / "released.current.txt").read_text().splitlines()] == ["ami-9"]
    assert "20091003" in (tmp_path / "query/released.latest.txt").read_text()


def test_publishing_an_older_serial_late_does_not_hide_the_newest(tmp_path: Path, identity: Identity) -> None:
    """What is current is decided by the serial, not by the order of the calls."""
    older = identity.model_copy(update={"serial": "20090722.9"})
    query.update(tmp_path, published(identity, us_east_1="ami-new"), DOWNLOAD)
    query.update(tmp_path, published(older, us_east_1="ami-old"), DOWNLOAD)
    assert "ami-new" in (tmp_path / "query/karmic/server/released.current.txt").read_text()
    assert "20090723" in (tmp_path / "query/released.latest.txt").read_text()


def test_entering_a_release_twice_changes_nothing(tmp_path: Path, identity: Identity) -> None:
    """A repeated step leaves the same bytes."""
    files = query.update(tmp_path, published(identity, us_east_1="ami-1"), DOWNLOAD)
    before = [path.read_bytes() for path in files]
    query.update(tmp_path, published(identity, us_east_1="ami-1"), DOWNLOAD)
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize(
    ("row", "columns"), [("karmic server\n", 1), ("\t".join(["karmic", "server", "beta", ".5", *"abcdefg"]) + "\n", 11)]
)
def test_a_damaged_table_is_not_overwritten(tmp_path: Path, identity: Identity, row: str, columns: int) -> None:
    """A file that is not ours to understand stops the update, with its line, and stays as it is."""
    table = tmp_path / "query/karmic/server/released.txt"
    table.parent.mkdir(parents=True)
    table.write_text(row)
    with pytest.raises(RecipeError, match=f"line 1 has {columns} columns, wanted 11"):
        query.update(tmp_path, published(identity, us_east_1="ami-1"), DOWNLOAD)
    assert table.read_text() == row


def enter(root: Path, identity: Identity, number: int) -> None:
    arch = identity.model_copy(update={"serial": f"200907{number:02}"})
    query.update(root, published(arch, us_east_1=f"ami-{number}"), DOWNLOAD)


def test_updates_at_once_lose_nothing(tmp_path: Path, identity: Identity) -> None:
    """Releases that are entered by several processes at a time are all in the table."""
    context = multiprocessing.get_context("forkserver")
    processes = [context.Process(target=enter, args=(tmp_path, identity, n)) for n in range(10, 18)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    rows = (tmp_path / "query/karmic/server/released.txt").read_text().splitlines()
    assert sorted(row.split("\t")[7] for row in rows) == [f"ami-{n}" for n in range(10, 18)]


words = st.text(st.characters(codec="ascii", exclude_categories=["C"], exclude_characters="\t"), max_size=8)
serials = st.from_regex(r"[0-9]{8}(\.[1-9][0-9]{0,2})?", fullmatch=True)


@given(st.lists(st.tuples(words, words, words, serials)))
def test_what_is_written_is_read_back(rows: list[query.Row]) -> None:
    """Writing and reading a table are inverse."""
    assert query.parse(query.format_rows(rows), 4, path="table") == rows


@given(st.lists(st.tuples(st.sampled_from("ab"), st.just("server"), words, serials), min_size=1))
def test_the_newest_of_each_kind_has_no_newer(rows: list[query.Row]) -> None:
    """There is one row for each kind, and none of its kind has a higher serial."""
    best = query.newest(rows, key=lambda row: row[:1])
    assert [row[0] for row in best] == sorted({row[0] for row in rows})
    for row in best:
        others = [other for other in rows if other[0] == row[0]]
        assert max(query.serial_order(o[3]) for o in others) == query.serial_order(row[3])
