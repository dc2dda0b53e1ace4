from __future__ import annotations

import pytest

from builders.customise.accounts import Accounts, belongings
from builders.images.contents import User
from recipe_runner.errors import RecipeError

TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nold:x:1000:1000::/home/old:/bin/sh\n",
    "etc/shadow": "root:*:14000:0:99999:7:::\nold:!:14000:0:99999:7:::\n",
    "etc/group": "root:x:0:\nsudo:x:27:\nold:x:1000:\n",
    "etc/gshadow": "root:*::\nsudo:*::\nold:!::\n",
}
HASH = "$6$abcdefgh$0123456789"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZ1JhL0gZ2nWJ6nq4k1cQe5yq0r8B8nVnFQ3m0q3uXo joe"


def user(**said: object) -> User:
    return User.model_validate({"name": "joe", **said})


def test_a_new_user_has_everything_and_no_password() -> None:
    """Account, own group, further groups made where missing, the password locked, the day that of the serial."""
    accounts = Accounts.parse(TEXTS)
    accounts.add(user(**{"groups": ["pond", "sudo"], "shell": "/bin/dash", "full-name": "Joe"}), 86400 * 15000)
    texts = accounts.texts()
    assert texts["etc/passwd"].endswith("joe:x:1001:1001:Joe:/home/joe:/bin/dash\n")
    assert texts["etc/shadow"].endswith("joe:!:15000:0:99999:7:::\n")
    assert texts["etc/group"] == "root:x:0:\nsudo:x:27:joe\nold:x:1000:\njoe:x:1001:\npond:x:100:joe\n"
    assert texts["etc/gshadow"] == "root:*::\nsudo:*::joe\nold:!::\njoe:!::\npond:!::joe\n"


def test_a_user_who_is_there_gets_what_is_said() -> None:
    """Root keeps its number and gets shell, password and keys."""
    accounts = Accounts.parse(TEXTS)
    root = User.model_validate({"name": "root", "password-hash": HASH, "ssh-keys": [KEY]})
    account = accounts.add(root, 0)
    assert accounts.texts() == {"etc/shadow": TEXTS["etc/shadow"].replace("root:*", f"root:{HASH}")}
    assert [entry.path for entry in belongings(root, account, {"a": b""})] == ["root/.ssh", "root/.ssh/authorized_keys"]


def test_a_home_holds_the_skeleton_and_the_keys() -> None:
    """All of it is the user's, the keys for nobody else to read; sudo is a file of root's."""
    joe = user(**{"ssh-keys": [KEY]}, sudo=True)
    account = Accounts.parse(TEXTS).add(joe, 0)
    found = {entry.path: entry for entry in belongings(joe, account, {".profile": b"x"})}
    assert sorted(found) == [
        "etc/sudoers.d/90-joe",
        "home/joe",
        "home/joe/.profile",
        "home/joe/.ssh",
        "home/joe/.ssh/authorized_keys",
    ]
    assert found["home/joe/.ssh/authorized_keys"].content == f"{KEY}\n".encode()
    assert {(entry.uid, entry.gid) for path, entry in found.items() if path.startswith("home")} == {(1001, 1001)}
    assert (found["home/joe/.ssh"].mode, found["home/joe/.ssh/authorized_keys"].mode) == (0o700, 0o600)
    assert found["etc/sudoers.d/90-joe"].mode == 0o440


def test_a_number_is_given_once() -> None:
    """A number that is taken is a fault, and so is a user in a root without accounts."""
    with pytest.raises(RecipeError, match="1000 is taken"):
        Accounts.parse(TEXTS).add(user(uid=1000), 0)
    with pytest.raises(RecipeError, match="has no `/etc/passwd`"):
        Accounts.parse({}).add(user(), 0)
    with pytest.raises(RecipeError, match="no user `nobody`"):
        Accounts.parse(TEXTS).owner("nobody")


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("etc/passwd", "evil"),
        ("etc/passwd", "evil:x:one:1::/:/bin/sh"),
        ("etc/passwd", "evil:x:1:1::/:/bin/sh:more"),
        ("etc/group", "evil:x"),
        ("etc/gshadow", "evil"),
        ("etc/shadow", "evil:!"),
    ],
)
def test_a_row_that_is_none_is_told(file: str, row: str) -> None:
    """What packages have left in the account files is a fault with its place, not a guess."""
    with pytest.raises(RecipeError, match=f"`/{file}` in the root has a row that cannot be read: `evil`"):
        Accounts.parse({**TEXTS, file: f"{TEXTS[file]}{row}\n"})


def test_a_name_ends_at_its_colon_alone() -> None:
    """Other separators of lines than the newline belong to the name they stand in."""
    passwd = "root:x:0:0:r\x0b\u2028oot:/root:/bin/sh\n"
    assert Accounts.parse({**TEXTS, "etc/passwd": passwd}).owner("root").home == "root"
