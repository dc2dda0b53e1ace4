"""Files that a definition copies into its root, templates filled in; pure.

Templates are Jinja's, in its sandbox: they see texts only, and a name they do not know is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builders.customise.accounts import Accounts
from builders.customise.entry import Entry
from builders.images.contents import CopiedFile
from builders.images.definition import Definition
from builders.images.serial import Serial
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line


def copies(definition: Definition, serial: Serial, accounts: Accounts) -> Iterator[Entry]:
    """Give the files; raises RecipeError for an owner that is not there and a template that cannot be filled in."""
    for file in definition.files:
        yield Entry(
            file.target.lstrip("/"),
            _render(file, definition, serial) if file.template else file.source.content,
            int(file.mode, 8),
            accounts.owner(file.owner).uid if file.owner != "root" else 0,
            accounts.group(file.group) if file.group != "root" else 0,
            follows=True,
        )


def _render(file: CopiedFile, definition: Definition, serial: Serial) -> bytes:
    facts = {
        "codename": definition.codename,
        "architecture": definition.architecture,
        "flavour": definition.flavour,
        "title": definition.title,
        "hostname": definition.host,
        "serial": str(serial),
    }
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    try:
        template = environment.from_string(file.source.content.decode())
        return template.render({**definition.variables, **facts}).encode()
    except UnicodeDecodeError as fault:
        raise RecipeError.because(f"template `{line(file.source.path)}` is not UTF-8 text") from fault
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as fault:
        where = f" at line {fault.lineno}" if hasattr(fault, "lineno") and fault.lineno else ""
        raise RecipeError.because(
            f"template `{line(file.source.path)}` cannot be filled in{where}: {line(str(fault))}",
            hint=f"it knows {', '.join(f'`{name}`' for name in sorted({*definition.variables, *facts}))}",
        ) from fault
