from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from builders.archive import read_members
from builders.proof.filelist import file_list


def test_every_kind_of_file_has_its_line(tmp_path: Path) -> None:
    """Mode, owner, size, sha256 and target stand in a line each; a line feed in a name does not begin another."""
    archive = tmp_path / "root.tar"
    with tarfile.open(archive, "w") as tar:
        for name, kind, target in [
            ("./", tarfile.DIRTYPE, ""),
            ("./etc/a\nb", tarfile.REGTYPE, ""),
            ("./etc/link", tarfile.SYMTYPE, "../x"),
            ("./etc/same", tarfile.LNKTYPE, "./etc/a\nb"),
            ("./dev/null", tarfile.CHRTYPE, ""),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.uid = kind, target, 7
            member.mode = 0o4755
            member.size = 5 if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"hello"))
    sha256 = hashlib.sha256(b"hello").hexdigest()
    assert file_list(archive, read_members(archive)).splitlines() == [
        "drwsr-xr-x\t7:0\t0\t-\t/",
        "crwsr-xr-x\t7:0\t0\t-\t/dev/null",
        rf"-rwsr-xr-x	7:0	5	{sha256}	/etc/a\nb",
        "lrwsr-xr-x\t7:0\t0\t-\t/etc/link -> ../x",
        r"-rwsr-xr-x	7:0	0	-	/etc/same link to /etc/a\nb",
    ]
