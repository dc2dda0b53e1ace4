"""Licences of packages, read from Debian's machine-readable copyright files, as SPDX expressions; pure.

Formats: Debian's "Machine-readable debian/copyright file" 1.0 (DEP-5) and annex D of the SPDX specification 2.3. A
file in another form says nothing here: nobody guesses licences from prose.
"""

from __future__ import annotations

import re

from builders.deb822 import read_stanzas

NO_ASSERTION = "NOASSERTION"
_FORMAT = re.compile(r"^Format(?:-Specification)?: *\S*copyright-format/1\.0", re.MULTILINE)
_GNU = re.compile(r"(AGPL|LGPL|GPL|GFDL)-?v?(\d(?:\.\d)?)(?:\.0)?(\+|-or-later|-only)?", re.IGNORECASE)
_GNU_VERSIONS = {
    *(
        "AGPL-3.0",
        "GPL-1.0",
        "GPL-2.0",
        "GPL-3.0",
        "LGPL-2.0",
        "LGPL-2.1",
        "LGPL-3.0",
        "GFDL-1.1",
        "GFDL-1.2",
        "GFDL-1.3",
    ),
}
_KNOWN = {
    known.lower(): known
    for known in (
        *(
            "0BSD",
            "AFL-2.1",
            "Apache-2.0",
            "Artistic-1.0",
            "Artistic-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "BSD-4-Clause",
        ),
        *("BSD-4-Clause-UC", "BSL-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "FSFAP"),
        *("FSFUL", "FSFULLR", "FTL", "HPND", "ICU", "ISC", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0", "OFL-1.1", "OpenSSL"),
        *("PostgreSQL", "PSF-2.0", "Python-2.0", "Ruby", "TCL", "Unlicense", "Vim", "WTFPL", "X11", "Zlib", "curl"),
    )
} | {"expat": "MIT", "psf-2": "PSF-2.0", "cc0": "CC0-1.0", "artistic": "Artistic-1.0-Perl", "bsl-1": "BSL-1.0"}
_REFERENCE = "LicenseRef-"


def licence_of(copyright_text: str) -> str:
    """Return the SPDX expression of all licences that a package's copyright file names.

    A licence without an SPDX identifier becomes `LicenseRef-<its name>`. NOASSERTION where the file is not
    machine-readable.
    """
    if not _FORMAT.search(copyright_text[:2000]):
        return NO_ASSERTION
    named = {
        fields["License"].split("\n", 1)[0]
        for fields in read_stanzas(copyright_text)
        if "Files" in fields and fields.get("License")
    }
    terms = sorted({term for name in named if (term := _expression(name))})
    if len(terms) == 1:
        return terms[0]
    return " AND ".join(f"({term})" if " OR " in term else term for term in terms) or NO_ASSERTION


def references(expression: str) -> set[str]:
    """Return the names in an expression that SPDX does not know."""
    return set(re.findall(rf"{_REFERENCE}[A-Za-z0-9.-]+", expression))


def _expression(name: str) -> str:
    """Turn a short name with its `and`, `or` and commas into an expression."""
    either = [
        " AND ".join(sorted({_identifier(one) for one in re.split(r",|\band\b", part) if one.strip()}))
        for part in re.split(r"\bor\b", name)
    ]
    terms = sorted({term for term in either if term})
    return " OR ".join(f"({term})" if len(terms) > 1 and " AND " in term else term for term in terms)


def _identifier(name: str) -> str:
    name = " ".join(name.split())
    if gnu := _GNU.fullmatch(name):
        known = f"{gnu[1].upper()}-{gnu[2]}{'' if '.' in gnu[2] else '.0'}"
        if known in _GNU_VERSIONS:
            return f"{known}{'-or-later' if gnu[3] in {'+', '-or-later'} else '-only'}"
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", name.replace("+", "-plus")).strip("-")
    return _KNOWN.get(name.lower()) or f"{_REFERENCE}{slug or 'unnamed'}"
