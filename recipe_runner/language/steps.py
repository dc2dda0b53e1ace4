"""Steps made of the parts of a document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, cast

from recipe_runner.errors import Diagnostic, InvalidRecipeError, Span
from recipe_runner.language.attribute_rules import ACTION, BLOCK, MANUAL, ROLES
from recipe_runner.language.attributes import read_attributes, roles
from recipe_runner.language.codes import Code
from recipe_runner.language.elements import Element, Fence, Item
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.infostring import Attribute
from recipe_runner.language.model import ActionStep, Attributes, Block, Manual, Script
from recipe_runner.language.slugs import ID, distinct, slug
from recipe_runner.language.suggestions import did_you_mean, suggest
from recipe_runner.sanitise import line

Language = Literal["bash", "python"]
LANGUAGES: dict[str, Language] = {"bash": "bash", "sh": "bash", "shell": "bash", "python": "python", "py": "python"}
YAML = "yaml"
FIELDS = {"check": "checks", "verify": "verifies", "undo": "undos"}


@dataclass(slots=True)
class _Draft:
    """A step before its id, its scripts and its digest are known."""

    build: Any
    fields: dict[str, Any]
    id: str | None
    span: Span
    context: tuple[str, ...] = ()
    scripts: list[tuple[str, Script]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def finish(self, step_id: str) -> Block | ActionStep | Manual:
        digest = hashlib.sha256("\0".join((self.fields["source"], *self.sources)).encode())
        for role, name in FIELDS.items() if self.scripts else ():
            self.fields[name] = tuple(script for written, script in self.scripts if written == role)
        return cast(
            "Block | ActionStep | Manual",
            self.build(
                id=step_id,
                digest=digest.hexdigest(),
                span=self.span,
                **self.fields,
            ),
        )


@dataclass(slots=True)
class Steps:
    """Turns elements into steps; `faults` collects what is wrong with them."""

    title: str
    faults: list[Diagnostic] = field(default_factory=list)
    _drafts: list[_Draft] = field(default_factory=list)
    _roles: list[tuple[Attribute, str, Fence, Script]] = field(default_factory=list)
    _ids: dict[str, Attribute] = field(default_factory=dict)

    def build(self, elements: Iterable[Element]) -> tuple[Block | ActionStep | Manual, ...]:
        """Return the steps in the order of the elements; what cannot be built is left out and is a fault."""
        for element in elements:
            if isinstance(element, Item):
                self._manual(element)
            elif isinstance(element, Fence):
                self._fence(element)
        self._attach()
        nameless = [draft for draft in self._drafts if draft.id is None]
        names = iter(distinct([draft.context for draft in nameless], self._ids))
        return tuple(draft.finish(draft.id or next(names)) for draft in self._drafts)

    def _manual(self, item: Item) -> None:
        written = list(roles(item.attributes))
        own = item.attributes if not written else tuple(a for a in item.attributes if a.name != "for")
        reading = read_attributes(own, MANUAL)
        self.faults += reading.faults
        for role in written:
            self.faults.append(
                Diagnostic(
                    f"a manual item cannot be a script with the role `.{role.name}`",
                    role.span,
                    "write the script as a fence of its own",
                    Code.ATTRIBUTE_PLACE,
                )
            )
        fields = {
            "title": item.title,
            "headings": item.headings,
            "prose": item.prose,
            "attributes": Attributes(**reading.values, places=reading.places),
            "source": item.source,
            "text": item.text,
            "depth": item.depth,
        }
        context = (item.title, *item.above, *reversed(item.headings))
        self._drafts.append(_Draft(Manual, fields, self._id(item.attributes), item.span, context))

    def _fence(self, fence: Fence) -> None:
        written = list(roles(fence.info.attributes))
        language = fence.info.language.casefold()
        if language not in LANGUAGES and language != YAML:
            if language:
                self.faults.append(_not_runnable(fence))
            self._id(fence.info.attributes)
        elif written:
            self._script(fence, written)
        elif not any(a.kind == "id" for a in fence.info.attributes):
            self.faults.append(_nameless(fence))
        elif language == YAML:
            self._action(fence)
        else:
            self._block(fence, LANGUAGES[language])

    def _block(self, fence: Fence, language: Language) -> None:
        reading = read_attributes(fence.info.attributes, BLOCK)
        self.faults += reading.faults
        if not fence.code.text.strip():
            self.faults.append(
                Diagnostic("the block is empty", fence.span, "write its code, or remove the braces", Code.BLOCK_EMPTY)
            )
        fields = {
            **self._shared(fence, reading.values, reading.places),
            "script": _script(fence, language, None),
        }
        self._drafts.append(_Draft(Block, fields, self._id(fence.info.attributes), fence.span))

    def _action(self, fence: Fence) -> None:
        reading = read_attributes(fence.info.attributes, ACTION)
        self.faults += reading.faults
        step_id = self._id(fence.info.attributes)
        action = reading.values.pop("action", None)
        if action is None:
            if not any(a.name == "action" for a in fence.info.attributes):
                self.faults.append(
                    Diagnostic(
                        "a yaml step has no `action`",
                        fence.info.braces_span,
                        "add `action=…` between the braces, or remove the braces",
                        Code.ACTION_MISSING,
                    )
                )
            return
        try:
            arguments, faults = Fragment.read(fence.code)
        except InvalidRecipeError as error:
            self.faults += error.diagnostics
            return
        self.faults += faults
        if not isinstance(arguments.data, dict):
            self.faults.append(
                Diagnostic(
                    "the arguments of an action are not a mapping",
                    arguments.span,
                    "write them as `key: value`",
                    Code.BAD_VALUE,
                )
            )
            return
        fields = {
            **self._shared(fence, reading.values, reading.places),
            "action": action,
            "arguments": arguments,
        }
        self._drafts.append(_Draft(ActionStep, fields, step_id, fence.span))

    def _shared(self, fence: Fence, values: dict[str, Any], places: dict[str, Span]) -> dict[str, Any]:
        return {
            "title": fence.headings[-1] if fence.headings else self.title,
            "headings": fence.headings,
            "prose": fence.prose,
            "attributes": Attributes(**values, places=places),
            "source": fence.source,
        }

    def _script(self, fence: Fence, written: Sequence[Attribute]) -> None:
        attributes = fence.info.attributes
        reading = read_attributes(attributes, "script")
        self.faults += reading.faults
        for extra in (*(a for a in attributes if a.kind == "id"), *written[1:]):
            shown = f"#{extra.name}" if extra.kind == "id" else f".{extra.name}"
            self.faults.append(
                Diagnostic(
                    f"a script with the role `.{written[0].name}` cannot have `{line(shown)}` too",
                    extra.span,
                    "remove it; a script belongs to the step that `for=` names",
                    Code.ATTRIBUTE_PLACE,
                )
            )
        language = LANGUAGES.get(fence.info.language.casefold())
        if language is None:
            self.faults.append(_not_runnable(fence))
        target = next((a for a in attributes if a.kind == "pair" and a.name == "for"), None)
        if target is None:
            self.faults.append(
                Diagnostic(
                    f"the role `.{written[0].name}` does not say for which step",
                    written[0].span,
                    "add `for=` and the step's id",
                    Code.ROLE_TARGET,
                )
            )
        elif language is not None:
            timeout = cast("timedelta | None", reading.values.get("timeout"))
            self._roles.append((target, written[0].name, fence, _script(fence, language, timeout)))

    def _attach(self) -> None:
        drafts = {draft.id: draft for draft in self._drafts if draft.id is not None}
        for target, role, fence, script in self._roles:
            if draft := drafts.get(target.value):
                draft.scripts.append((role, script))
                draft.sources.append(fence.source)
            elif target.value not in self._ids:
                self.faults.append(
                    Diagnostic(
                        f"there is no step `{line(target.value)}`",
                        target.value_span,
                        suggest(target.value, self._ids, what="step with an id"),
                        Code.ROLE_TARGET,
                    )
                )

    def _id(self, attributes: tuple[Attribute, ...]) -> str | None:
        attribute = next((a for a in attributes if a.kind == "id"), None)
        if attribute is None:
            return None
        if not ID.fullmatch(attribute.name):
            self.faults.append(
                Diagnostic(
                    f"found the id `{line(attribute.name)}`, wanted lower-case letters, digits and `-`",
                    attribute.span,
                    f"write `#{slug(re.sub('_', '-', attribute.name))}`",
                    Code.ID_FORM,
                )
            )
        if taken := self._ids.get(attribute.name):
            first = taken.span
            self.faults.append(
                Diagnostic(
                    f"the id `{line(attribute.name)}` is taken by the step at {line(first.path)}:{first.line}",
                    attribute.span,
                    "give one of the two another id",
                    Code.ID_TAKEN,
                )
            )
        self._ids.setdefault(attribute.name, attribute)
        return attribute.name


def _script(fence: Fence, language: Language, timeout: timedelta | None) -> Script:
    return Script(
        language=language,
        text="".join(f"{row}\n" for row in fence.code.rows),
        span=fence.span,
        first_line=fence.code.first_line,
        timeout=timeout,
        lines=fence.code.lines,
    )


def _not_runnable(fence: Fence) -> Diagnostic:
    language = line(fence.info.language)
    wanted = "`bash` or `python`" if any(roles(fence.info.attributes)) else "`bash`, `python` or `yaml`"
    return Diagnostic(
        f"`{language}` cannot run, wanted {wanted}",
        fence.info.span,
        "write the commands in a `bash` fence"
        if language == "console"
        else "change the language, or remove the braces",
        Code.NOT_RUNNABLE,
    )


def _nameless(fence: Fence) -> Diagnostic:
    word = slug(fence.headings[-1]) if fence.headings else "name"
    misspelt = next((a for a in fence.info.attributes if a.kind == "class" and did_you_mean(a.name, ROLES)), None)
    if misspelt is not None:
        return Diagnostic(
            f"unknown role `.{line(misspelt.name)}`",
            misspelt.span,
            f"did you mean `.{did_you_mean(misspelt.name, ROLES)}`?",
            Code.ID_MISSING,
        )
    return Diagnostic(
        "the braces give neither an id nor a role, so this would not run",
        fence.info.braces_span,
        f"add an id such as `#{word}`, or a role such as `.check for=…`; remove the braces where nothing should run",
        Code.ID_MISSING,
    )
