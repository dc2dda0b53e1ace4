"""The table of options as the reference page has it; pure."""

from __future__ import annotations

from builders.vmbuilder.options import GROUPS, PLUGINS, Option

FATES = {"always": "done anyway", "none": "none", "secret": "never copied", "key": "", "verb": ""}


def tables() -> str:
    """Return the page's tables in Markdown."""
    parts = [_table("Plugins", "plugin", [(f"`{name}`", here, why) for name, (here, why) in PLUGINS.items()])]
    for title, options in GROUPS.items():
        parts.append(_table(title, "option", [(_names(option), _here(option), option.why) for option in options]))
    return "\n".join(parts)


def _names(option: Option) -> str:
    return ", ".join(f"`{'-' if len(name) == 1 else '--'}{name}`" for name in (option.name, *option.aliases))


def _here(option: Option) -> str:
    return option.here or FATES[option.fate]


def _table(title: str, what: str, rows: list[tuple[str, str, str]]) -> str:
    head = f"### {title}\n\n| {what} | here | remark |\n|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n".replace("|  |", "| |") for row in rows)
