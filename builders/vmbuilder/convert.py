"""A definition made of VMBuilder's settings, with the files it needs, and a remark on each setting that is no key.

Only files that the settings name are read. Passwords and credentials are told of and never copied.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from builders.images.archive import Component
from builders.vmbuilder.disks import disks
from builders.vmbuilder.guest import network, people, scripts
from builders.vmbuilder.options import Option
from builders.vmbuilder.settings import Settings
from builders.vmbuilder.work import Conversion, Work
from recipe_runner.errors import UsageError, gather
from recipe_runner.sanitise import line

BASE = {
    "ubuntu": ("ubuntu-minimal",),
    "debian": ("e2fsprogs", "mount", "sudo", "systemd-sysv", "udev", "zstd"),
}
"""What boots, and lets the first user work; debootstrap brought it unasked."""
CLOUD = ("cloud-guest-utils", "cloud-init", "openssh-server")
DEFAULT_SUITES = {"ubuntu": "lucid", "debian": "jessie"}
_COMPONENTS = frozenset(get_args(Component))


def convert(settings: Settings, folder: Path) -> Conversion:
    """Return the definition; relative paths in the settings are below `folder`. Raises UsageError with every fault."""
    work = Work(settings, folder)
    for step in (_system, _archive, _packages, disks, people, network, scripts, _ec2, _outputs, _rest):
        step(work)
    if work.faults:
        raise UsageError(*gather(work.faults))
    work.made.remarks.sort(
        key=lambda remark: (remark.span is not None, remark.span and (remark.span.path, remark.span.line))
    )
    return work.made


def _system(work: Work) -> None:
    table, settings = work.made.table, work.settings
    distribution = settings.distribution or "ubuntu"
    suite = work.text("suite") or DEFAULT_SUITES.get(distribution, "")
    table |= {"distribution": distribution, "codename": suite, "title": f"{suite} (from VMBuilder)"}
    if not settings.distribution:
        work.remark("distribution", "none is named; `ubuntu` is taken")
    if not work.text("suite"):
        work.remark("suite", f"none is named; VMBuilder's default `{suite}` is taken")
    architecture = work.text("arch") or "amd64"
    if architecture not in {"amd64", "arm64"}:
        work.remark("arch", f"`{line(architecture)}` is not built here; `amd64` is written")
        architecture = "amd64"
    table["architecture"] = architecture
    if flavour := work.text("flavour"):
        table["kernel"] = f"linux-image-{flavour}"
    elif distribution == "debian":
        table["kernel"] = f"linux-image-{architecture}"
        work.remark("flavour", f"none is named; `{table['kernel']}` is taken")
    host, domain = work.text("hostname"), work.text("domain")
    if host or domain:
        table["hostname"] = ".".join(filter(None, [(host or distribution).lower(), domain.lower()]))
    if zone := work.text("timezone"):
        table["timezone"] = zone
    if locale := work.text("lang"):
        table["locale"] = re.sub(r"\.utf-?8$", ".UTF-8", locale, flags=re.IGNORECASE)


def _archive(work: Work) -> None:
    archive: dict[str, Any] = {}
    if components := work.list_of("components"):
        known = [name for name in components if name in _COMPONENTS]
        for name in components:
            if name not in _COMPONENTS:
                work.remark("components", f"`{line(name)}` is not known here")
        archive["components"] = known or ["main"]
    for kind in ("", "security-"):
        mirror, install = _address(work, f"{kind}mirror"), _address(work, f"install-{kind}mirror")
        if install or mirror:
            archive[f"{kind}mirror"] = install or mirror
        if mirror:
            archive[f"image-{kind}mirror"] = mirror
    if proxy := _address(work, "proxy"):
        archive["proxy"] = proxy
    if archive:
        work.made.table["archive"] = archive


def _address(work: Work, name: str) -> str:
    address = work.text(name)
    if re.match(r"[a-z]+://[^/]*@", address):
        work.remark(name, "there is a password in the address: it is not copied")
        return ""
    return address


def _packages(work: Work) -> None:
    work.made.table["packages"] = sorted({*BASE[work.made.table["distribution"]], *work.list_of("addpkg")})
    if removed := work.list_of("removepkg"):
        work.made.table["remove"] = removed
    if (seed := work.text("seedfile")) and (content := work.read("seedfile", seed)) is not None:
        work.made.table["debconf"] = work.attach("seedfile", seed, content)
        if re.search(rb"password", content, re.IGNORECASE):
            work.remark("seedfile", "it seems to hold a password: see what you publish")


def _ec2(work: Work) -> None:
    packages = work.made.table["packages"]
    if work.settings.last("ec2"):
        work.made.table["cloud-init"] = {"datasources": ["Ec2"]}
        packages += [name for name in CLOUD if name not in packages]
    if work.settings.last("ec2-landscape") and "landscape-client" not in packages:
        packages.append("landscape-client")
    packages.sort()


def _outputs(work: Work) -> None:
    outputs = []
    if work.settings.last("only-chroot"):
        outputs.append("root-tar.gz")
    if work.settings.hypervisor == "xen" or work.settings.last("ec2-bundle"):
        outputs += ["bundle", "unpacked"]
    virtual = work.settings.hypervisor in {"vmw6", "vmserver", "esxi", "vmware", "virtualbox", "vbox"}
    if virtual or work.settings.last("vbox-disk-format"):
        outputs.append("vmdk")
        if work.text("vbox-disk-format") == "vdi":
            work.remark("vbox-disk-format", "`vdi` is not made; `vmdk` is written")
    if work.settings.hypervisor == "kvm" and outputs:
        outputs.insert(0, "qcow2")
    if outputs:
        work.made.table["outputs"] = list(dict.fromkeys(outputs))


def _rest(work: Work) -> None:
    """Tell of every setting that became no key, once each."""
    told: set[str] = set()
    for setting in work.settings.given:
        option = setting.option
        if option.fate == "key" or option.name in told:
            continue
        told.add(option.name)
        work.remark(option.name, _fate(option))
    for name, span in work.settings.strange:
        work.remark(name, "no option of VMBuilder that is known here", span)


def _fate(option: Option) -> str:
    where = f"{option.here}; {option.why}" if option.here and option.why else option.here or option.why
    match option.fate:
        case "always":
            return f"nothing is needed: {option.why}"
        case "secret":
            return f"not copied: {option.why}" if option.why else "not copied"
        case "verb":
            return f"use {where}"
        case _:
            return f"no equivalent: {where}"
