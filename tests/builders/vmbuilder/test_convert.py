from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.vmbuilder.convert import convert
from builders.vmbuilder.options import GROUPS, Option
from builders.vmbuilder.settings import Settings, read_settings
from builders.vmbuilder.work import Conversion
from builders.vmbuilder.writing import format_conversion
from recipe_runner.errors import UsageError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0N1FhN6s1ANKVUV9S7WW0uzOYSAXsw6vtrB8ZjI8wX edward"
SECRET = "hunter2-and-more"
FILES = {
    "x.parts": "root 2000\n/boot 512\nswap 500\n---\n/var 1000\n",
    "x.seed": "tzdata tzdata/Areas select Etc\n",
    "x.sh": "#!/bin/sh\ntrue\n",
    "x.copy": "x.sh /opt/tool/\n",
    "x.pub": f"# mine\n{KEY}\n",
}
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "only-chroot": ("true", {"outputs": ["root-tar.gz"]}),
    "rootsize": ("2G", {"disk": {"size": "3139 MiB", "partitions": [{"filesystem": "swap", "size": "1024 MiB"}]}}),
    "optsize": (
        "100",
        {
            "disk": {
                "size": "5287 MiB",
                "partitions": [
                    {"filesystem": "swap", "size": "1024 MiB"},
                    {"mount": "/opt", "filesystem": "ext4", "size": "100 MiB"},
                ],
            }
        },
    ),
    "swapsize": ("0", {"disk": {"size": "4163 MiB"}}),
    "part": (
        "x.parts",
        {
            "disk": {
                "size": "3079 MiB",
                "partitions": [
                    {"mount": "/boot", "filesystem": "ext4", "size": "512 MiB"},
                    {"filesystem": "swap", "size": "500 MiB"},
                ],
            },
            "disks": [
                {
                    "name": "disk2",
                    "size": "1002 MiB",
                    "partitions": [{"mount": "/var", "filesystem": "ext4", "size": "1000 MiB"}],
                }
            ],
        },
    ),
    "addpkg": (
        "vim, acpid",
        {"packages": ["acpid", "e2fsprogs", "mount", "sudo", "systemd-sysv", "udev", "vim", "zstd"]},
    ),
    "removepkg": ("nano", {"remove": ["nano"]}),
    "seedfile": ("x.seed", {"debconf": "files/x.seed"}),
    "arch": ("arm64", {"architecture": "arm64"}),
    "hostname": ("Dennis", {"hostname": "dennis"}),
    "suite": ("bookworm", {"codename": "bookworm"}),
    "flavour": ("cloud-amd64", {"kernel": "linux-image-cloud-amd64"}),
    "mirror": ("http://m/d", {"archive": {"mirror": "http://m/d", "image-mirror": "http://m/d"}}),
    "install-mirror": ("http://m/d", {"archive": {"mirror": "http://m/d"}}),
    "security-mirror": (
        "http://m/s",
        {"archive": {"security-mirror": "http://m/s", "image-security-mirror": "http://m/s"}},
    ),
    "install-security-mirror": ("http://m/s", {"archive": {"security-mirror": "http://m/s"}}),
    "proxy": ("http://p:3128", {"archive": {"proxy": "http://p:3128"}}),
    "components": ("main,contrib", {"archive": {"components": ["main", "contrib"]}}),
    "lang": ("de_DE.utf8", {"locale": "de_DE.UTF-8"}),
    "timezone": ("Europe/Berlin", {"timezone": "Europe/Berlin"}),
    "user": ("edward", {"users": [{"name": "edward", "sudo": True, "full-name": "Debian"}]}),
    "name": ("Edward", {"users": [{"name": "debian", "sudo": True, "full-name": "Edward"}]}),
    "uid": ("1234", {"users": [{"name": "debian", "sudo": True, "full-name": "Debian", "uid": 1234}]}),
    "ssh-key": ("x.pub", {"users": [{"name": "root", "ssh-keys": [KEY]}]}),
    "ssh-user-key": (
        "x.pub",
        {"users": [{"name": "debian", "sudo": True, "full-name": "Debian", "ssh-keys": [KEY]}]},
    ),
    "domain": ("example.org", {"hostname": "debian.example.org"}),
    "ip": (
        "192.168.1.10",
        {"files": [{"source": "files/10-static.network", "target": "/etc/systemd/network/10-static.network"}]},
    ),
    "mask": ("255.0.0.0", {}),
    "gw": ("192.168.1.2", {}),
    "dns": ("9.9.9.9", {}),
    "firstboot": ("x.sh", {"first-boot": ["files/x.sh"]}),
    "firstlogin": ("x.sh", {"first-login": ["files/x.sh"]}),
    "copy": ("x.copy", {"files": [{"source": "files/x.sh", "target": "/opt/tool/x.sh", "mode": "0644"}]}),
    "execscript": ("x.sh", {"hooks": [{"script": "files/x.sh", "where": "outside"}]}),
    "vbox-disk-format": ("vmdk", {"outputs": ["vmdk"]}),
    "ec2": ("true", {"cloud-init": {"datasources": ["Ec2"]}}),
    "ec2-landscape": ("true", {}),
    "ec2-bundle": ("true", {"outputs": ["bundle", "unpacked"]}),
}
"""For each option that has a key here: a value, and the tables that must come of it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the files that the samples name."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def of(text: str, folder: Path) -> Conversion:
    return convert(settings(text), folder)


def settings(text: str) -> Settings:
    return read_settings(f"[DEFAULT]\n{text}\n[debian]\n", "x.cfg")


def options(*fates: str) -> list[Option]:
    return [option for group in GROUPS.values() for option in group if option.fate in fates]


def test_every_option_with_a_key_is_tested() -> None:
    """The samples are those of the table, no more and no less."""
    assert {option.name for option in options("key")} == set(SAMPLES)


@pytest.mark.parametrize("option", options("key"), ids=lambda option: option.name)
def test_an_option_becomes_its_key(folder: Path, option: Option) -> None:
    """Each option that the table gives a key becomes that key, and needs no remark of a missing equivalent."""
    value, wanted = SAMPLES[option.name]
    made = of(f"{option.name} = {value}", folder)
    for key, found in wanted.items():
        assert made.table[key] == found
    assert not [remark for remark in made.remarks if "no equivalent" in remark.text]


@pytest.mark.parametrize("option", options("verb", "always", "secret", "none"), ids=lambda option: option.name)
def test_an_option_without_a_key_is_told_of(folder: Path, option: Option) -> None:
    """Each other option is told of at its line with what there is instead, and its value goes nowhere."""
    made = of(f"\n{option.name} = {'true' if option.kind == 'flag' else SECRET}", folder)
    (remark,) = [
        remark
        for remark in made.remarks
        if remark.option == option.name and remark.text.startswith(("use", "no", "not"))
    ]
    assert remark.span is not None
    assert (remark.span.path, remark.span.line) == ("x.cfg", 3)
    assert SECRET not in format_conversion(made, "x.cfg")
    assert not [name for name, (content, _) in made.files.items() if SECRET.encode() in content]


@pytest.mark.parametrize("name", ["mirror", "proxy", "install-mirror"])
def test_a_password_in_an_address_is_not_copied(folder: Path, name: str) -> None:
    """An address with a password is told of and left out."""
    made = of(f"{name} = http://me:{SECRET}@example.org/", folder)
    assert "archive" not in made.table
    assert SECRET not in format_conversion(made, "x.cfg")
    assert [remark.option for remark in made.remarks if "password" in remark.text] == [name]


def test_a_static_address_becomes_a_network_file(folder: Path) -> None:
    """Address, mask, gateway and servers are in one file of systemd-networkd; a gateway is guessed as VMBuilder did."""
    made = of("ip = 10.1.2.3\nmask = 255.255.0.0\ndns = 9.9.9.9 1.1.1.1", folder)
    text = made.files["files/10-static.network"][0].decode()
    assert "Address=10.1.2.3/16\nGateway=10.1.0.1\nDNS=9.9.9.9\nDNS=1.1.1.1\n" in text


def test_a_script_without_an_interpreter_gets_one(folder: Path) -> None:
    """What a shell ran by itself is told which shell, and can be run."""
    (folder / "bare").write_text("echo hello\n")
    made = of("firstboot = bare", folder)
    assert made.files["files/bare"] == (b"#!/bin/sh\necho hello\n", True)


def test_a_directory_is_copied_file_by_file(folder: Path) -> None:
    """Each file of a copied directory has an entry, with its mode; equal names are kept apart."""
    for name in ("tree/a/x", "tree/b/x"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    (folder / "tree/b/x").chmod(0o755)
    (folder / "y.copy").write_text("tree /srv/tree\n")
    made = of("copy = y.copy", folder)
    assert [(file["target"], file["mode"]) for file in made.table["files"]] == [
        ("/srv/tree/a/x", "0644"),
        ("/srv/tree/b/x", "0755"),
    ]
    assert sorted(content for content, _ in made.files.values()) == [b"tree/a/x", b"tree/b/x"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("firstboot = gone.sh", "cannot read `gone.sh`"),
        ("rootsize = large", "is no size"),
        ("uid = first", "is no number"),
        ("ip = 1.2.3", "unexpected|Expected 4 octets"),
        ("ssh-key = x.private", "is a private key"),
        ("part = y.parts", "has no `root`"),
    ],
)
def test_faults_are_told_at_their_place(folder: Path, text: str, said: str) -> None:
    """What cannot be converted is a fault with its line."""
    (folder / "x.private").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (folder / "y.parts").write_text("/srv 100\n")
    with pytest.raises(UsageError, match=said) as caught:
        of(text, folder)
    assert all(fault.span is not None and fault.span.line == 2 for fault in caught.value.diagnostics)


def test_all_faults_are_told_at_once(folder: Path) -> None:
    """A part file's faults have their own lines, beside those of the configuration."""
    (folder / "y.parts").write_text("root 100\nhome 20\n/srv\n/opt x\n")
    with pytest.raises(UsageError) as caught:
        of("part = y.parts\nuid = first", folder)
    assert [(fault.span.path, fault.span.line) for fault in caught.value.diagnostics if fault.span] == [
        ("x.cfg", 3),
        ("y.parts", 2),
        ("y.parts", 3),
        ("y.parts", 4),
    ]
