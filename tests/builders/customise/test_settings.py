from __future__ import annotations

import pytest

from builders.archive import Member
from builders.customise.entry import Entry
from builders.customise.settings import settings
from builders.images.attachment import Attachment
from builders.images.contents import CloudInit
from builders.images.serial import Serial
from recipe_runner.errors import RecipeError
from tests.support.karmic import SERIAL, definition

ZONE = "usr/share/zoneinfo/Europe/Berlin"
KNOWN: dict[str, Member] = {
    "etc/resolv.conf": Member("etc/resolv.conf", "file", 0o755, 0, 0, 0, "", 0, False),
    "etc/cloud/cloud.cfg.d": Member("etc/cloud/cloud.cfg.d", "directory", 0o755, 0, 0, 0, "", 0, False),
    ZONE: Member(ZONE, "file", 0o644, 0, 0, 0, "", 0, False),
}


def written(known: dict[str, Member], **said: object) -> dict[str, Entry]:
    whole = definition().model_copy(update=said)
    return {entry.path: entry for entry in settings(whole, Serial.parse(SERIAL), known)}


def test_the_machine_is_what_the_definition_says() -> None:
    """Name, zone and language are files; nothing of the build machine's resolver stays."""
    found = written(KNOWN, hostname="kermit", timezone="Europe/Berlin", locale="de_DE.UTF-8")
    assert found["etc/hostname"].content == b"kermit\n"
    assert found["etc/localtime"].target == "/usr/share/zoneinfo/Europe/Berlin"
    assert found["etc/default/locale"].content == b"LANG=de_DE.UTF-8\n"
    assert found["etc/resolv.conf"].content == b""
    assert found["etc/cloud/build.info"].content == f"build_name: server\nserial: {SERIAL}\n".encode()


def test_a_clock_is_not_set_by_a_zone_that_is_not_there() -> None:
    """A link to nowhere would silently mean UTC."""
    with pytest.raises(RecipeError, match="does not know the time zone `US/Eastern`"):
        written(KNOWN, timezone="US/Eastern")


def test_cloud_init_finds_its_defaults() -> None:
    """Without passwords over ssh, in a language that is there, with the list of datasources and the settings given."""
    wanted = CloudInit.model_construct(datasources=("NoCloud", "Ec2"), settings=Attachment("s", b"a: 1\n"))
    found = written(KNOWN, cloud_init=wanted)
    assert b"locale: C.UTF-8\nssh_pwauth: false\n" in found["etc/cloud/cloud.cfg.d/50_image.cfg"].content
    assert found["etc/cloud/cloud.cfg.d/90_dpkg.cfg"].content == b'datasource_list: ["NoCloud", "Ec2"]\n'
    assert found["etc/cloud/cloud.cfg.d/95_image.cfg"].content == b"a: 1\n"
    assert not [path for path in written({}) if "cloud.cfg" in path]
