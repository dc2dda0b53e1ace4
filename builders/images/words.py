"""The kinds of text that a definition holds; each admits nothing that a path, a command or a file could take amiss."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from builders.images.size import SIZE, parse_size
from recipe_runner.sanitise import line


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Matching:
    """A pattern that a text must match whole, and how what it admits is told.

    What a person cannot see as it is, separators of lines and overrides of direction too, is never admitted.
    """

    pattern: str
    wanted: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        pattern = self.pattern.replace(r"\Z", "$")  # as ECMA 262 writes it
        return {**handler(schema), "pattern": f"^(?:{pattern})$"}

    def _check(self, text: str) -> str:
        if line(text) != text or not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError(f"wanted {self.wanted}")
        return text


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


Word = Annotated[str, _Matching(r"[a-z][a-z0-9-]{0,39}", "a lower-case word such as `karmic`")]
Package = Annotated[str, _Matching(r"[a-z0-9][a-z0-9+.-]+", "a package name such as `openssh-server`")]
PackageChoice = Annotated[
    str,
    _Matching(
        r"[a-z0-9][a-z0-9+.-]+(?:/(?:security|updates|backports|proposed))?",
        "a package name such as `openssh-server`",
    ),
]
Line = Annotated[str, _Matching(r"[^\x00-\x1f\x7f\"\\$`]{1,120}", "one line of text without quotes, `$`, backslash")]
Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{SIZE}$"}, {"type": "integer", "minimum": 1}]}),
]
BootTest = Annotated[
    str, _Matching(r"(?:bios|uefi|direct)(?::(?:nocloud|ec2))?", "a boot test such as `bios`, `uefi:ec2` or `direct`")
]
KernelArguments = Annotated[
    str, _Matching(r"[A-Za-z0-9_.,:=/@+ -]{0,512}", "kernel arguments without quotes, `$`, `;` or braces")
]
AbsolutePath = Annotated[
    str,
    _Matching(r"[^\x00-\x1f\x7f]{1,512}", "a path without control characters"),
    AfterValidator(_absolute),
]
MountPoint = Annotated[
    str, _Matching(r"/[A-Za-z0-9._/-]{1,100}", "a mount point such as `/srv`"), AfterValidator(_absolute)
]
MountOptions = Annotated[str, _Matching(r"[a-z0-9_=,.:-]{1,200}", "mount options such as `defaults,noatime`")]
Label = Annotated[str, _Matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}", "a label of at most 16 letters, digits, `-`, `_`")]
Url = Annotated[
    str,
    _Matching(
        r"(?:https?://[A-Za-z0-9.:\[\]-]+|(?:file|copy)://)(?:/[A-Za-z0-9._~%+/-]*)?",
        "an address such as `http://archive.example.org/ubuntu`, without a password",
    ),
]
Proxy = Annotated[
    str,
    _Matching(r"https?://[A-Za-z0-9.:\[\]-]+/?", "a proxy such as `http://proxy.example.org:3128`, without a password"),
]
SnapshotUrl = Annotated[
    str,
    _Matching(
        r"(?:https?://[A-Za-z0-9.:\[\]-]+|(?:file|copy)://)(?:/[A-Za-z0-9._~%+/{}-]*)?",
        "an address such as `http://snapshot.example.org/{archive}/{snapshot}`",
    ),
]
Snapshot = Annotated[str, _Matching(r"\d{8}T\d{6}Z", "a time such as `20250520T000000Z`")]
Suite = Annotated[
    str, _Matching(r"[A-Za-z0-9.][A-Za-z0-9._/-]{0,79}", "a suite such as `stable` or `bookworm/updates`")
]
Fingerprint = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    AfterValidator(lambda text: text.replace(" ", "").upper()),
    _Matching(r"[0-9A-F]{40}|[0-9A-F]{64}", "the whole fingerprint of a key: 40 hexadecimal digits"),
    WithJsonSchema({"type": "string"}),
]
Locale = Annotated[
    str, _Matching(r"C\.UTF-8|[a-z]{2,3}_[A-Z]{2}(?:\.UTF-8)?(?:@[a-z]+)?", "a locale such as `de_DE.UTF-8`")
]
Hostname = Annotated[
    str,
    _Matching(
        r"(?=.{1,64}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*",
        "a host name of lower-case letters, digits, `-` and `.`",
    ),
]
UserName = Annotated[str, _Matching(r"[a-z_][a-z0-9_-]{0,31}", "a user's name such as `ubuntu`")]
FullName = Annotated[str, _Matching(r"[^\x00-\x1f\x7f:,\\]{0,120}", "a name without `:` and `,`")]
Program = Annotated[str, _Matching(r"(?:/[A-Za-z0-9._+-]+)+", "a program's path such as `/bin/bash`")]
Mode = Annotated[str, _Matching(r"[0-7]{3,4}", "an octal mode such as `0644`")]
PasswordHash = Annotated[
    str,
    _Matching(
        r"\$(?:5|6|7|2b|y|gy)\$[./A-Za-z0-9$=,+-]{8,200}",
        "a hash as `mkpasswd` prints it, beginning with `$6$` or `$y$`: passwords are never written here",
    ),
]
PublicKey = Annotated[
    str,
    _Matching(
        r"(?:sk-)?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521))(?:@openssh\.com)? [A-Za-z0-9+/=]+"
        r"(?: [^\x00-\x1f\x7f]*)?",
        "one line of an ssh public key such as `ssh-ed25519 AAAA… name`",
    ),
    AfterValidator(_public_key),
]
VariableName = Annotated[str, _Matching(r"[a-z][a-z0-9_]{0,39}", "a variable's name such as `mirror_name`")]
