"""The names that a recipe declares, and whether each reference to one means something where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.codes import Code
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.model import Recipe
from recipe_runner.language.suggestions import did_you_mean, suggest
from recipe_runner.language.template import malformed, references
from recipe_runner.sanitise import line

EACH = "each"


@dataclass(slots=True)
class Scope:
    """The names that may be used, and those that were."""

    recipe: Recipe
    used: set[str] = field(default_factory=set)
    params: dict[str, str] = field(init=False)
    order: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.params = {p.name: p.type for p in self.recipe.params}
        self.order = {step.id: number for number, step in enumerate(self.recipe.steps)}

    def _reference(self, name: str, span: Span, position: int, *, each: bool) -> Iterator[Diagnostic]:
        """Judge one `${name}` in a step (its `position` in the recipe; -1 in the header)."""
        step_id, dot, _ = name.partition(".")
        if dot:
            yield from self._output(step_id, span, position)
        elif name in self.params:
            self.used.add(name)
        elif name == EACH and position >= 0:
            if not each:
                yield Diagnostic(
                    "`${each}` has a value only in a step with `each=`",
                    span,
                    "add `each=` and the name of a list parameter",
                    Code.UNDECLARED,
                )
        else:
            yield self.undeclared(name, span)

    def _output(self, step_id: str, span: Span, position: int) -> Iterator[Diagnostic]:
        number = self.order.get(step_id)
        if number is None:
            yield Diagnostic(
                f"there is no step `{line(step_id)}`",
                span,
                suggest(step_id, self.order, what="step"),
                Code.OUTPUT_UNKNOWN,
            )
        elif number >= position:
            yield Diagnostic(
                f"the step `{line(step_id)}` has no outputs yet here",
                span,
                "use it in a later step",
                Code.OUTPUT_UNKNOWN,
            )

    def undeclared(self, name: str, span: Span) -> Diagnostic:
        """Say that there is no such parameter."""
        near = did_you_mean(name, self.params)
        hint = f"did you mean `{near}`?" if near else f"declare it in the header: `{name}: {{type: str}}`"
        return Diagnostic(f"the parameter `{line(name)}` is not declared", span, hint, Code.UNDECLARED)

    def fragment(
        self, fragment: Fragment, position: int, *, each: bool, verbatim: frozenset[str] = frozenset()
    ) -> Iterator[Diagnostic]:
        """Judge the references among the values of a piece of YAML, but for those of the keys `verbatim`."""
        names, sound = fragment.names(verbatim=verbatim)
        if names <= self.params.keys():
            self.used.update(names)
        else:
            for name, span in fragment.references(verbatim=verbatim):
                yield from self._reference(name, span, position, each=each)
        if not sound:
            for text, span in fragment.malformed(verbatim=verbatim):
                yield _malformed(text, span)

    def text(self, text: str, place: Span, position: int, *, each: bool) -> Iterator[Diagnostic]:
        """Judge an attribute's value, which may hold references, and is shown to the operator."""
        for use in references(text):
            span = replace(place, column=place.column + use.start, length=use.end - use.start)
            yield from self._reference(use.name, span, position, each=each)
            if self.params.get(use.name) == "secret":
                yield Diagnostic(
                    f"the secret `{use.name}` would be shown here", span, "leave it out of the text", Code.SECRET_SHOWN
                )
        for use in malformed(text):
            span = replace(place, column=place.column + use.start, length=use.end - use.start)
            yield _malformed(use.name, span)

    def each(self, name: str, span: Span) -> Iterator[Diagnostic]:
        """Judge the parameter that an `each` names."""
        kind = self.params.get(name)
        if kind is None:
            yield self.undeclared(name, span)
        elif kind != "list":
            yield Diagnostic(
                f"`{name}` is a `{kind}`, wanted a list", span, f"declare `{name}: {{type: list}}`", Code.EACH_TYPE
            )
        self.used.add(name)


def _malformed(text: str, span: Span) -> Diagnostic:
    return Diagnostic(
        f"found `{line(text)}`, wanted a reference such as `${{name}}` or `${{step-id.output}}`",
        span,
        "correct the name, or write `$${` for a literal `${`",
        Code.REFERENCE_FORM,
    )
