"""The kinds of text that a definition holds; each admits nothing that a path, a command or a file could take amiss."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from builders.images.size import parse_size


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _matching(pattern: str, wanted: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"wanted {wanted}")
        return text

    return AfterValidator(check)


def _absolute(text: str) -> str:
    parts = text.split("/")[1:]
    if not text.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        raise ValueError("wanted an absolute path without `..`, `.` and `//`")
    return text


def _public_key(text: str) -> str:
    kind, packed = text.split(" ")[:2]
    try:
        blob = base64.b64decode(packed, validate=True)
        (length,) = struct.unpack(">I", blob[:4])
    except (binascii.Error, struct.error) as fault:
        raise ValueError("wanted a whole ssh public key: this one is cut short") from fault
    if blob[4 : 4 + length] != kind.encode():
        raise ValueError("wanted a whole ssh public key: its two halves name different kinds")
    return text


Word = Annotated[str, _matching(r"[a-z][a-z0-9-]{0,39}", "a lower-case word such as `karmic`")]
Package = Annotated[str, _matching(r"[a-z0-9][a-z0-9+.-]+", "a package name such as `openssh-server`")]
Line = Annotated[str, _matching(r"[^\x00-\x1f\x7f\"\\$`]{1,120}", "one line of text without quotes, `$`, backslash")]
Size = Annotated[int, BeforeValidator(_size)]
KernelArguments = Annotated[
    str, _matching(r"[A-Za-z0-9_.,:=/@+ -]{0,512}", "kernel arguments without quotes, `$`, `;` or braces")
]
AbsolutePath = Annotated[
    str,
    _matching(r"[^\x00-\x1f\x7f]{1,512}", "a path without control characters"),
    AfterValidator(_absolute),
]
MountPoint = Annotated[
    str, _matching(r"/[A-Za-z0-9._/-]{1,100}", "a mount point such as `/srv`"), AfterValidator(_absolute)
]
MountOptions = Annotated[str, _matching(r"[a-z0-9_=,.:-]{1,200}", "mount options such as `defaults,noatime`")]
Label = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}", "a label of at most 16 letters, digits, `-`, `_`")]
Url = Annotated[
    str,
    _matching(
        r"(?:https?://[A-Za-z0-9.:\[\]-]+|(?:file|copy)://)(?:/[A-Za-z0-9._~%+/-]*)?",
        "an address such as `http://archive.example.org/ubuntu`, without a password",
    ),
]
Proxy = Annotated[
    str,
    _matching(r"https?://[A-Za-z0-9.:\[\]-]+/?", "a proxy such as `http://proxy.example.org:3128`, without a password"),
]
SnapshotUrl = Annotated[
    str,
    _matching(
        r"(?:https?://[A-Za-z0-9.:\[\]-]+|(?:file|copy)://)(?:/[A-Za-z0-9._~%+/{}-]*)?",
        "an address such as `http://snapshot.example.org/{archive}/{snapshot}`",
    ),
]
Snapshot = Annotated[str, _matching(r"\d{8}T\d{6}Z", "a time such as `20250520T000000Z`")]
Suite = Annotated[
    str, _matching(r"[A-Za-z0-9.][A-Za-z0-9._/-]{0,79}", "a suite such as `stable` or `bookworm/updates`")
]
Fingerprint = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    AfterValidator(lambda text: text.replace(" ", "").upper()),
    _matching(r"[0-9A-F]{40}|[0-9A-F]{64}", "the whole fingerprint of a key: 40 hexadecimal digits"),
]
Locale = Annotated[
    str, _matching(r"C\.UTF-8|[a-z]{2,3}_[A-Z]{2}(?:\.UTF-8)?(?:@[a-z]+)?", "a locale such as `de_DE.UTF-8`")
]
Hostname = Annotated[
    str,
    _matching(
        r"(?=.{1,64}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*",
        "a host name of lower-case letters, digits, `-` and `.`",
    ),
]
UserName = Annotated[str, _matching(r"[a-z_][a-z0-9_-]{0,31}", "a user's name such as `ubuntu`")]
FullName = Annotated[str, _matching(r"[^\x00-\x1f\x7f:,\\]{0,120}", "a name without `:` and `,`")]
Program = Annotated[str, _matching(r"(?:/[A-Za-z0-9._+-]+)+", "a program's path such as `/bin/bash`")]
Mode = Annotated[str, _matching(r"[0-7]{3,4}", "an octal mode such as `0644`")]
PasswordHash = Annotated[
    str,
    _matching(
        r"\$(?:5|6|7|2b|y|gy)\$[./A-Za-z0-9$=,+-]{8,200}",
        "a hash as `mkpasswd` prints it, beginning with `$6$` or `$y$`: passwords are never written here",
    ),
]
PublicKey = Annotated[
    str,
    _matching(
        r"(?:sk-)?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521))(?:@openssh\.com)? [A-Za-z0-9+/=]+"
        r"(?: [^\x00-\x1f\x7f]*)?",
        "one line of an ssh public key such as `ssh-ed25519 AAAA… name`",
    ),
    AfterValidator(_public_key),
]
VariableName = Annotated[str, _matching(r"[a-z][a-z0-9_]{0,39}", "a variable's name such as `mirror_name`")]
