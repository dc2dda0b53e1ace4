"""The values of a run: each declared parameter with the text it has, and where that came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from recipe_runner.engine.secrets.redaction import SHORTEST, Redactor
from recipe_runner.errors import Diagnostic, UsageError
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.suggestions import suggest

Text = str | tuple[str, ...]
LARGEST = 100_000
"""Bytes of one value: it goes to the child through its environment, where Linux allows 128 KiB a variable."""
Ask = Callable[[Parameter, str | None], str]
"""Asks a person for a parameter; the second argument says what was wrong with the answer before, if there was one."""


class Values(Struct, frozen=True):
    """Canonical texts by parameter name; `secrets` are the names whose texts must never be shown or stored."""

    texts: Mapping[str, Text] = {}
    secrets: frozenset[str] = frozenset()

    def public(self) -> dict[str, str | list[str]]:
        """Return the values that may be written down, as JSON data."""
        return {
            name: list(text) if isinstance(text, tuple) else text
            for name, text in self.texts.items()
            if name not in self.secrets
        }

    def redactor(self) -> Redactor:
        """Return what removes the secrets from bytes and texts."""
        texts = (self.texts[name] for name in sorted(self.secrets) if name in self.texts)
        return Redactor(text for text in texts if isinstance(text, str))

    def bound(self, name: str, text: str) -> Values:
        """Return these values with one name bound to another text (`each=`)."""
        return Values({**self.texts, name: text}, self.secrets)


def resolve(
    parameters: Sequence[Parameter],
    *,
    given: Mapping[str, str],
    file: Mapping[str, str | Sequence[str]],
    environ: Mapping[str, str],
    ask: Ask | None = None,
) -> Values:
    """Find a value for every parameter: command line, then file, environment, question, default.

    `ask` is None where nobody can be asked. An optional parameter may be left empty. Raises UsageError with one
    diagnostic for each unknown name, refused value and missing required value.
    """
    faults: list[Diagnostic] = []
    texts: dict[str, Text] = {}
    declared = {parameter.name: parameter for parameter in parameters}
    faults += [_unknown(name, declared) for name in (*given, *file) if name not in declared]
    for parameter in parameters:
        name = parameter.name
        secret = parameter.type == "secret"
        if secret and name in given:
            faults.append(
                Diagnostic(
                    f"`{name}` is a secret and must not stand on a command line",
                    parameter.span,
                    f"put it into the environment as `{parameter.env or 'VARIABLE'}`, or let the prompt ask for it",
                )
            )
            continue
        found, source = _find(parameter, given, file, environ)
        try:
            if not parameter.required and found in ("", (), []):
                texts[name] = () if parameter.type == "list" else ""
            elif found is not None:
                texts[name] = _converted(parameter, found)
            elif ask is not None and (parameter.prompt or (parameter.required and parameter.default is None)):
                texts[name] = _asked(parameter, ask)
            elif parameter.default is not None:
                texts[name] = parameter.default
            elif parameter.required:
                faults.append(_missing(parameter))
            else:
                texts[name] = () if parameter.type == "list" else ""
        except ValueError as error:
            place = f"from {source}" if source else ""
            faults.append(Diagnostic(f"`{name}` {place}: {error}".replace("  ", " "), parameter.span, parameter.help))
    values = Values(texts, frozenset(p.name for p in parameters if p.type == "secret"))
    faults += _telling(values, declared)
    if faults:
        raise UsageError(*faults)
    return values


def _telling(values: Values, declared: Mapping[str, Parameter]) -> Iterator[Diagnostic]:
    """Yield a fault for each value that is recorded and in which a secret stands."""
    secrets = {
        name: Redactor([text]) for name in sorted(values.secrets) if isinstance(text := values.texts.get(name), str)
    }
    for name, text in values.texts.items():
        if name in values.secrets:
            continue
        for secret, redactor in secrets.items():
            if any(redactor.reveals(part) for part in ([text] if isinstance(text, str) else text)):
                yield Diagnostic(
                    f"the value of `{name}`, which is recorded, contains the secret `{secret}`",
                    declared[name].span,
                    f"leave it out there, and put the two together in the step's code, from `${secret}`",
                )


def _find(
    parameter: Parameter,
    given: Mapping[str, str],
    file: Mapping[str, str | Sequence[str]],
    environ: Mapping[str, str],
) -> tuple[str | Sequence[str] | None, str]:
    if parameter.name in given:
        return given[parameter.name], "`-p`"
    if parameter.name in file:
        return file[parameter.name], "the params file"
    if parameter.env and environ.get(parameter.env):
        return environ[parameter.env], f"environment variable `{parameter.env}`"
    return None, ""


def _converted(parameter: Parameter, raw: str | Sequence[str]) -> Text:
    text = parameter.convert(raw)
    for part in [text] if isinstance(text, str) else text:
        if len(part.encode("utf-8", "surrogateescape")) > LARGEST:
            raise ValueError(f"a value has at most {LARGEST} bytes; put it into a file and give its name")
    if parameter.type == "secret" and len(text) < SHORTEST:
        raise ValueError(f"a secret needs at least {SHORTEST} characters")
    return text


def _asked(parameter: Parameter, ask: Ask) -> Text:
    complaint: str | None = None
    while True:
        try:
            return _converted(parameter, ask(parameter, complaint))
        except ValueError as error:
            complaint = str(error)


def _missing(parameter: Parameter) -> Diagnostic:
    ways = [f"--secret {parameter.name}=SOURCE" if parameter.type == "secret" else f"-p {parameter.name}=…"]
    ways += [f"environment variable {parameter.env}"] if parameter.env else []
    what = f" ({parameter.help})" if parameter.help else ""
    return Diagnostic(
        f"parameter `{parameter.name}`{what} has no value",
        parameter.span,
        f"give it by {' or '.join(ways)}",
    )


def _unknown(name: str, declared: Mapping[str, Parameter]) -> Diagnostic:
    return Diagnostic(f"the recipe has no parameter `{name}`", hint=suggest(name, declared, what="parameter"))
