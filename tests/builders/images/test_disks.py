from __future__ import annotations

import pytest

from builders.images.fstab import fstab
from recipe_runner.errors import UsageError
from tests.support.definitions import parse_definition

HEAD = 'distribution = "debian"\ncodename = "bookworm"\ntitle = "t"\n'
GOOD = """\
[disk]
size = "2 GiB"
[[disk.partitions]]
mount = "/var"
size = "512 MiB"
[[disk.partitions]]
filesystem = "swap"
size = "256 MiB"
[[disks]]
name = "data"
size = "1 GiB"
[[disks.partitions]]
mount = "/srv/data"
size = "600 MiB"
options = "noatime"
[[disks.partitions]]
mount = "/srv"
label = "services"
size = "400 MiB"
"""


def test_the_table_of_file_systems_has_parents_first() -> None:
    """The root, then mount points from the outside in, swap last, each by its label."""
    assert fstab(parse_definition(HEAD + GOOD, "x.toml")).splitlines() == [
        "LABEL=cloudimg-rootfs / ext4 defaults,discard,errors=remount-ro 0 1",
        "LABEL=services /srv ext4 defaults 0 2",
        "LABEL=var /var ext4 defaults 0 2",
        "LABEL=srv-data /srv/data ext4 noatime 0 2",
        "LABEL=swap none swap sw 0 0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('size = "512 MiB"', 'size = "3 GiB"', 5, "the partitions do not fit"),
        ('size = "256 MiB"', 'size = "1100 MiB"', 11, "more than half of the disk"),
        ('size = "600 MiB"', 'size = "700 MiB"', 14, "the partitions do not fit"),
        ('mount = "/var"', 'mount = "/vra/x"', 7, "nothing says what `/vra` is"),
        ('mount = "/var"', 'mount = "/srv"', 20, "`/srv` is mounted twice"),
        ('label = "services"', 'label = "var"', 21, "label `var` is there twice"),
        ('filesystem = "swap"', 'filesystem = "swap"\nmount = "/x"', 11, "swap is not mounted"),
        ('filesystem = "swap"', 'filesystem = "wsap"', 10, "`disk.partitions.filesystem` cannot be `wsap`"),
        ('size = "400 MiB"', 'size = "20 MiB"\nfilesystem = "vfat"', 22, "FAT32 does not fit"),
        ('mount = "/srv/data"', 'mount = "/srv/../etc"', 16, "cannot be `/srv/../etc`"),
    ],
)
def test_what_does_not_fit_is_told_at_its_key(old: str, new: str, line: int, message: str) -> None:
    """Sizes, mount points and labels are judged over all disks, each fault in the right table of several."""
    with pytest.raises(UsageError) as caught:
        parse_definition(HEAD + GOOD.replace(old, new), "x.toml")
    told = [(fault.span.line, fault.message) for fault in caught.value.diagnostics if fault.span]
    assert any(number == line and message in said for number, said in told), told
    assert all(fault.hint for fault in caught.value.diagnostics)
