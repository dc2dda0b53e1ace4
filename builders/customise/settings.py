"""What a definition says of the whole machine, as files of its root: name, time zone, language, cloud-init; pure."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping

from builders.archive import Member
from builders.customise.entry import Entry, link, text
from builders.images.definition import Definition
from builders.images.serial import Serial
from recipe_runner.errors import RecipeError

CLOUD = "etc/cloud/cloud.cfg.d"
DATASOURCES = f"{CLOUD}/90_dpkg.cfg"
"""The file that Debian's and Ubuntu's packages of cloud-init keep the list in."""


def settings(definition: Definition, serial: Serial, known: Mapping[str, Member]) -> Iterator[Entry]:
    """Give the files; `known` are the members that the root has. Raises RecipeError for a zone that is not there."""
    resolver = known.get("etc/resolv.conf")
    if resolver is not None and resolver.kind == "file":
        yield text("etc/resolv.conf", "")  # mmdebstrap leaves the build machine's there
    yield text("etc/cloud/build.info", f"build_name: {definition.flavour}\nserial: {serial}\n")
    yield text("etc/hostname", f"{definition.host}\n")
    if definition.timezone:
        zone = f"usr/share/zoneinfo/{definition.timezone}"
        if zone not in known:
            raise RecipeError.because(
                f"the root does not know the time zone `{definition.timezone}`",
                hint="name one that its packages have, or add `tzdata-legacy` to `packages`, which has the old names",
            )
        yield link("etc/localtime", f"/{zone}")
        yield text("etc/timezone", f"{definition.timezone}\n")
    if definition.locale:
        yield text("etc/default/locale", f"LANG={definition.locale}\n")
    yield from _cloud_init(definition, known)


def _cloud_init(definition: Definition, known: Container[str]) -> Iterator[Entry]:
    wanted = definition.cloud_init
    if CLOUD in known:
        yield text(
            f"{CLOUD}/50_image.cfg",
            f"# What this image is made for; files that sort after this one overrule it.\n"
            f"locale: {definition.locale or 'C.UTF-8'}\nssh_pwauth: false\n",
        )
    if wanted.datasources:
        yield text(DATASOURCES, f"datasource_list: {json.dumps(list(wanted.datasources))}\n")
    if wanted.settings:
        yield Entry(f"{CLOUD}/95_image.cfg", wanted.settings.content)
