"""Users written into a root's account files; pure: texts in, texts out.

Formats: passwd(5), shadow(5), group(5), gshadow(5), subuid(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from builders.customise.entry import Entry, text
from builders.images.contents import User
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

PASSWD, SHADOW, GROUP, GSHADOW = "etc/passwd", "etc/shadow", "etc/group", "etc/gshadow"
FILES = (PASSWD, SHADOW, GROUP, GSHADOW)
_FORMS = {PASSWD: (7, (2, 3)), SHADOW: (9, ()), GROUP: (4, (2,)), GSHADOW: (4, ())}
"""How many fields a row has, and which of them are numbers."""
PEOPLE = range(1000, 60000)
SYSTEM = range(100, 1000)
DAY = 86400


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who owns files: the numbers, and where home is, without the leading slash."""

    uid: int
    gid: int
    home: str


@dataclass(slots=True)
class Accounts:
    """The account files of one root as rows of fields, by file."""

    rows: dict[str, list[list[str]]]
    _changed: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Accounts:
        """Read the files there are; raises RecipeError for a row that is none of its file's."""
        rows = {name: [row.split(":") for row in content.split("\n") if row] for name, content in texts.items()}
        for name, entries in rows.items():
            count, numbers = _FORMS[name]
            for entry in entries:
                if len(entry) != count or not all(entry[place].isdecimal() for place in numbers):
                    raise RecipeError.because(
                        f"`/{name}` in the root has a row that cannot be read: `{line(entry[0])}`"
                    )
        return cls(rows)

    def add(self, user: User, epoch: int) -> Account:
        """Add a user, or give one that is there the shell and the password that the definition says."""
        for name in (PASSWD, GROUP):
            if name not in self.rows:
                raise RecipeError.because(f"the root has no `/{name}`: it can have no user `{user.name}`")
        if self._find(PASSWD, user.name) is None:
            self._create(user, epoch)
        for group in (*user.groups, *(("sudo",) if user.sudo and self._find(GROUP, "sudo") else ())):
            self._join(user.name, group)
        self._set(PASSWD, user.name, 6, user.shell)
        if user.password_hash:
            self._set(SHADOW, user.name, 1, user.password_hash)
        return self.owner(user.name)

    def owner(self, name: str) -> Account:
        """Return the numbers of a user; raises RecipeError for one that is not there."""
        found = self._find(PASSWD, name)
        if found is None:
            raise RecipeError.because(f"the root has no user `{name}`", hint="add it to `users`")
        return Account(int(found[2]), int(found[3]), found[5].strip("/"))

    def group(self, name: str) -> int:
        """Return the number of a group; raises RecipeError for one that is not there."""
        found = self._find(GROUP, name)
        if found is None:
            raise RecipeError.because(f"the root has no group `{name}`", hint="add it to the `groups` of a user")
        return int(found[2])

    def texts(self) -> dict[str, str]:
        """Return the files that have changed."""
        return {name: "".join(f"{':'.join(row)}\n" for row in self.rows[name]) for name in sorted(self._changed)}

    def _create(self, user: User, epoch: int) -> None:
        number = self._free(PEOPLE) if user.uid is None else user.uid
        if user.uid is not None and any(row[2] == str(number) for row in self.rows[PASSWD]):
            raise RecipeError.because(f"user number {number} is taken", hint=f"give `{user.name}` another `uid`")
        if self._find(GROUP, user.name) is None:
            taken = any(row[2] == str(number) for row in self.rows[GROUP])
            self._make_group(user.name, self._free(PEOPLE) if taken else number)
        gid = self.group(user.name)
        self._append(PASSWD, [user.name, "x", str(number), str(gid), user.full_name, f"/home/{user.name}", user.shell])
        self._append(SHADOW, [user.name, "!", str(epoch // DAY), "0", "99999", "7", "", "", ""])

    def _make_group(self, name: str, number: int) -> None:
        self._append(GROUP, [name, "x", str(number), ""])
        self._append(GSHADOW, [name, "!", "", ""])

    def _join(self, user: str, group: str) -> None:
        if self._find(GROUP, group) is None:
            self._make_group(group, self._free(SYSTEM))
        for name in (GROUP, GSHADOW):
            if found := self._find(name, group):
                members = [member for member in found[3].split(",") if member]
                if user not in members:
                    found[3] = ",".join([*members, user])
                    self._changed.add(name)

    def _free(self, numbers: Sequence[int]) -> int:
        taken = {row[2] for name in (PASSWD, GROUP) for row in self.rows[name]}
        return next(number for number in numbers if str(number) not in taken)

    def _find(self, file: str, name: str) -> list[str] | None:
        return next((row for row in self.rows.get(file, ()) if row[0] == name), None)

    def _append(self, file: str, row: list[str]) -> None:
        if file in self.rows:
            self.rows[file].append(row)
            self._changed.add(file)

    def _set(self, file: str, name: str, place: int, value: str) -> None:
        found = self._find(file, name)
        if found is None:
            raise RecipeError.because(f"the root has no user `{name}` in `/{file}`")
        if found[place] != value:
            found[place] = value
            self._changed.add(file)


def belongings(user: User, account: Account, skeleton: Mapping[str, bytes]) -> Iterator[Entry]:
    """Give what a user has besides the account: home with the skeleton's files, ssh keys, the right to `sudo`."""
    owned = replace(Entry(account.home, mode=0o755, kind="directory"), uid=account.uid, gid=account.gid)
    if user.name != "root":
        yield owned
        for name, content in skeleton.items():
            yield replace(owned, path=f"{account.home}/{name}", content=content, mode=0o644, kind="file")
    if user.ssh_keys:
        yield replace(owned, path=f"{account.home}/.ssh", mode=0o700)
        keys = "".join(f"{key}\n" for key in user.ssh_keys).encode()
        yield replace(owned, path=f"{account.home}/.ssh/authorized_keys", content=keys, mode=0o600, kind="file")
    if user.sudo:
        yield text(f"etc/sudoers.d/90-{user.name}", f"{user.name} ALL=(ALL:ALL) NOPASSWD:ALL\n", 0o440)
