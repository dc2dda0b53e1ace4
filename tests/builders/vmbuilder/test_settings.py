from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.vmbuilder.options import OPTIONS
from builders.vmbuilder.settings import Settings, command_words, read_command, read_settings
from recipe_runner.errors import UsageError


def command(text: str) -> Settings:
    return read_command(command_words(shlex.split(text)))


def values(settings: Settings) -> list[tuple[str, str]]:
    return [(setting.option.name, setting.value) for setting in settings.given]


def test_a_command_line_is_read_as_optparse_reads_it() -> None:
    """Long and short options, `=`, values that are stuck to their letter, unique beginnings, flags."""
    found = command("vmbuilder kvm ubuntu --suite=jaunty -d out -m512 --hostn karmic -o --ec2")
    assert (found.hypervisor, found.distribution) == ("kvm", "ubuntu")
    assert values(found) == [
        ("suite", "jaunty"),
        ("destdir", "out"),
        ("mem", "512"),
        ("hostname", "karmic"),
        ("overwrite", ""),
        ("ec2", ""),
    ]


def test_the_older_command_names_the_suite() -> None:
    """`ubuntu-vm-builder HYPERVISOR SUITE` is Ubuntu of that suite."""
    found = command("ubuntu-vm-builder xen hardy --addpkg vim --addpkg acpid")
    assert (found.hypervisor, found.distribution, found.last("suite") is not None) == ("xen", "ubuntu", True)
    assert [word for word, _ in found.every("addpkg")] == ["vim", "acpid"]


def test_a_script_with_the_command_is_read() -> None:
    """The first `vmbuilder` command of a script counts, over several lines, each word at its own."""
    text = (
        "#!/bin/sh\n# vmbuilder for karmic\nset -e\n"
        "sudo vmbuilder kvm ubuntu \\\n  --suite karmic \\\n  --addpkg 'a b'\necho done\n"
    )
    found = read_settings(text, "make.sh")
    assert values(found) == [("suite", "karmic"), ("addpkg", "a b")]
    suite = found.last("suite")
    assert suite is not None
    assert (suite.span.path, suite.span.line, suite.span.column) == ("make.sh", 5, 3)


def test_a_configuration_is_read_with_its_lines() -> None:
    """Sections name hypervisor and distribution; values may refer to others; comments and flags are understood."""
    text = (
        "[DEFAULT]\n# mine\nsuite: jaunty\nhostname = %(suite)s-vm\n\n"
        "[kvm]\nlibvirt = qemu:///system\n[ubuntu]\nlock-user = no\nec2 = yes\n"
    )
    found = read_settings(text, "x.cfg")
    assert (found.hypervisor, found.distribution) == ("kvm", "ubuntu")
    assert values(found) == [("suite", "jaunty"), ("hostname", "jaunty-vm"), ("libvirt", "qemu:///system"), ("ec2", "")]
    assert [setting.span.line for setting in found.given] == [3, 4, 7, 10]


def test_unknown_options_are_kept_apart() -> None:
    """What VMBuilder does not know is neither guessed nor lost."""
    assert [name for name, _ in command("vmbuilder kvm ubuntu --magic wand --suite karmic").strange] == ["magic"]
    assert [name for name, _ in read_settings("[DEFAULT]\nmagic = wand\n", "x.cfg").strange] == ["magic"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vmbuilder kvn ubuntu", "unknown word `kvn`"),
        ("vmbuilder kvm ubunto", "unknown word `ubunto`"),
        ("vmbuilder kvm ubuntu karmic", "unexpected word `karmic`"),
        ("vmbuilder kvm ubuntu --suite", "`--suite` has no value"),
    ],
)
def test_faults_of_a_command_line(text: str, said: str) -> None:
    """Each is told at its word."""
    with pytest.raises(UsageError, match=said):
        command(text)


@pytest.mark.parametrize("text", ["", "hello\n", "[DEFAULT\n"])
def test_other_files_are_refused(text: str) -> None:
    """A text with neither sections nor a command is no configuration."""
    with pytest.raises(UsageError, match="neither a configuration"):
        read_settings(text, "x")


def test_a_broken_reference_is_told_at_its_line() -> None:
    """A value that refers to nothing is a fault, not a traceback."""
    with pytest.raises(UsageError) as caught:
        read_settings("[DEFAULT]\n\nhostname = %(nobody)s\n", "x.cfg")
    assert [fault.span.line for fault in caught.value.diagnostics if fault.span] == [3]


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever is in a file, it is read or refused."""
    for written in (text, f"[DEFAULT]\n{text}", f"vmbuilder {text}"):
        try:
            read_settings(written, "x")
        except UsageError:
            continue


def test_no_two_options_share_a_name() -> None:
    """A name, long or of one letter, means one option."""
    assert len(OPTIONS) == sum(1 + len(option.aliases) for option in set(OPTIONS.values()))


@pytest.mark.parametrize("option", ["pass", "rootpass", "ec2-secret-key", "ec2-access-key", "ec2-key", "ec2-cert"])
def test_no_secret_gets_further_than_the_reading(option: str) -> None:
    """The value of a secret is not kept, and a line that it may stand in is shown by no diagnostic."""
    secret = "hunter2 50%off"
    for found in (
        read_settings(f"[DEFAULT]\n{option} = {secret}\n", "x.cfg"),
        command(f"vmbuilder kvm ubuntu --{option} '{secret}' --suite karmic"),
        read_settings(f"vmbuilder kvm ubuntu --{option}='{secret}' --suite karmic\n", "x.sh"),
    ):
        assert "hunter2" not in repr(found)
    with pytest.raises(UsageError) as caught:
        command(f"vmbuilder kvm nowhere --{option} '{secret}'")
    assert "hunter2" not in repr(caught.value.diagnostics)
