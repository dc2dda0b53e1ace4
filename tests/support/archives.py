"""Package archives made on the spot: signed, with pockets and components, of hand-made packages and real ones."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: nobody <nobody@example.org>
Description: {name}
"""


def make_package(folder: Path, name: str, version: str, files: Mapping[str, str | Path], *, more: str = "") -> Path:
    """Build a package of these files, texts or copies of files; return its path."""
    root = folder / f"{name}-{version}"
    (root / "DEBIAN").mkdir(parents=True)
    control = CONTROL.format(name=name, version=version, architecture="amd64")
    (root / "DEBIAN/control").write_text(control + more)
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        elif content.startswith("->"):
            target.symlink_to(content[2:])
        else:
            target.write_text(content)
    packed = folder / f"{name}_{version}_amd64.deb"
    pack = ("dpkg-deb", "--root-owner-group", "-Znone", "--build")
    subprocess.run([*pack, root, packed], check=True, capture_output=True)
    shutil.rmtree(root)
    return packed


def make_suite(
    archive: Path, suite: str, components: Mapping[str, Iterable[Path]], key: str | None, until: str | None = None
) -> None:
    """Make one suite of an archive, its `InRelease` signed by `key` (of GNUPGHOME), or a bare `Release` without one.

    The index expires at the time `until`, or never.
    """
    dists, sums = archive / "dists" / suite, ""
    for component, packages in components.items():
        index = "".join(_stanza(archive, package) for package in packages).encode()
        listing = f"{component}/binary-amd64/Packages"
        (dists / listing).parent.mkdir(parents=True)
        (dists / listing).write_bytes(index)
        sums += f" {hashlib.sha256(index).hexdigest()} {len(index)} {listing}\n"
    expires = f"Valid-Until: {until}\n" if until else ""
    release = (
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: Thu, 29 Oct 2009 12:00:00 UTC\nArchitectures: amd64\n"
        f"{expires}Components: {' '.join(components)}\nSHA256:\n{sums}"
    )
    (dists / "Release").write_text(release)
    if key:
        sign = ("gpg", "--batch", "--local-user", key, "--clearsign", "--output")
        subprocess.run([*sign, dists / "InRelease", dists / "Release"], check=True, capture_output=True)
        (dists / "Release").unlink()


def export_key(key: str, path: Path) -> Path:
    """Write the public key, armoured."""
    exported = subprocess.run(["gpg", "--batch", "--armor", "--export", key], check=True, capture_output=True).stdout
    path.write_bytes(exported)
    return path


def _stanza(archive: Path, package: Path) -> str:
    pool = archive / "pool" / package.name
    if not pool.exists():
        pool.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package, pool)
    control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
    content = package.read_bytes()
    facts = f"Filename: pool/{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    return f"{control}{facts}\n"
