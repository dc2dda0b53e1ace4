"""Every fault the language knows: a code that never changes, a heading and an explanation."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A diagnostic's code; docs/reference/diagnostics.md has a section of `heading` and `explanation` for each."""

    heading: str
    explanation: str

    def __new__(cls, value: str, heading: str = "", explanation: str = "") -> Code:  # noqa: PYI034
        """Make a member that is its code as text and carries the rest of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.heading = heading
        member.explanation = explanation
        return member

    NOT_UTF8 = (
        "R001",
        "The file is not UTF-8",
        "A recipe is text in UTF-8, with or without a byte order mark, with line ends of any system.",
    )
    NUL = ("R002", "NUL character", "A NUL character stands in no text; the file is probably not Markdown at all.")
    TOO_DEEP = (
        "R003",
        "Nested too deeply",
        ("Lists and quotes are read to a depth of about thirty. What is deeper would be lost, so it is a fault."),
    )
    TOO_LONG = (
        "R004",
        "Too many steps",
        (
            "The first record of a run names every step, and a record has at most 256 KiB: room for about two thousand "
            "steps, fewer where their ids are long."
        ),
    )
    FENCE_UNCLOSED = (
        "R010",
        "Unclosed fence",
        (
            "CommonMark closes a forgotten fence silently at the end of the list, quote or file around it, and "
            "everything up to there becomes code."
        ),
    )
    FENCE_IN_HTML = (
        "R011",
        "Fence inside raw HTML",
        (
            "Between an HTML tag and the next empty line Markdown is not read, so the fence shows as text and "
            "would not run. In a comment that is what one wants; elsewhere an empty line is missing."
        ),
    )
    INFO_LANGUAGE = (
        "R012",
        "No language before the braces",
        "The first word behind the fence says what the code is; other tools take it for highlighting.",
    )
    INFO_SPACE = (
        "R013",
        "No space before the braces",
        "Without the space other tools take the braces for a part of the language, and highlighting is lost.",
    )
    INFO_TEXT = (
        "R014",
        "Text around the braces",
        (
            "Everything that is said about a step stands between the braces; other words before or behind them "
            "break other tools."
        ),
    )
    INFO_UNCLOSED = ("R015", "Unclosed braces", "The attributes end with `}` on the line where they began.")
    INFO_WORD = (
        "R016",
        "Neither id, flag nor value",
        (
            "Between the braces stand `#id`, `.flag` and `key=value`, separated by spaces. A value with spaces is "
            "quoted."
        ),
    )
    NOT_RUNNABLE = (
        "R017",
        "This language cannot run",
        (
            "Steps are written in `bash` (also `sh`, `shell`), `python` (`py`) or, for actions, `yaml`; scripts "
            "with a role in the first two. A `console` fence is a transcript and never runs."
        ),
    )
    BLOCK_EMPTY = ("R018", "Empty block", "A step without code would always succeed and mean nothing.")
    YAML_SYNTAX = (
        "R020",
        "The YAML cannot be read",
        ("Most often a quotation is missing: around a value with `: ` in it, or around `${…}` inside `{…}` or `[…]`."),
    )
    YAML_FEATURE = (
        "R021",
        "YAML that a reader cannot see through",
        (
            "Tags, anchors, aliases, merge keys, keys that are no words and second documents are refused: what a "
            "recipe does should be written where it does it."
        ),
    )
    YAML_DUPLICATE = ("R022", "Key written twice", "YAML readers keep one of the two silently; which one is a guess.")
    UNKNOWN_KEY = ("R023", "Unknown key", "The header, a parameter, an action or a precondition has no such key.")
    MISSING_KEY = ("R024", "Missing key", "An action or a precondition cannot do without this key.")
    BAD_VALUE = (
        "R025",
        "Value of the wrong kind",
        (
            "The message says what was found and what is wanted. Where a value contains a reference such as "
            "`${name}`, it is judged when the run knows its value, still before the first step."
        ),
    )
    YAML_DEPTH = ("R026", "YAML nested too deeply", "YAML is read to a depth of 32.")
    HEADER_UNCLOSED = ("R030", "Unclosed header", "The header begins and ends with a line `---`.")
    PARAMETER_NAME = (
        "R031",
        "Unusable parameter name",
        (
            "A parameter is a variable in shell and Python code. Its name has letters, digits and `_`, begins "
            "with a letter, and is none that the shell uses itself, such as `PATH`."
        ),
    )
    PARAMETER_CLASH = (
        "R032",
        "Parameter declared differently",
        (
            "The parameters of a recipe and of those it includes are joined; one that both declare must be "
            "declared alike."
        ),
    )
    REQUIREMENT_EMPTY = ("R033", "Empty requirement", "The first key of a requirement says what kind it is of.")
    ID_MISSING = (
        "R040",
        "Braces without id or role",
        (
            "A fence runs when its braces hold an id or a role. Braces with neither look as if something would "
            "run, and nothing does."
        ),
    )
    ID_FORM = (
        "R041",
        "Malformed id",
        "An id has lower-case letters, digits and `-`, and begins with a letter or digit.",
    )
    ID_TAKEN = (
        "R042",
        "Id used twice",
        ("A step is known by its id, in the journal too; it is unique over the recipe and everything it includes."),
    )
    UNKNOWN_ATTRIBUTE = ("R043", "Unknown attribute or flag", "A misspelt attribute must not be ignored silently.")
    ATTRIBUTE_VALUE = ("R044", "Attribute with a wrong value", "The message says what was found and what is wanted.")
    ATTRIBUTE_PLACE = (
        "R045",
        "Attribute that does not belong here",
        (
            "Not every attribute makes sense for every kind of step: a manual item has no time limit, and a "
            "script with a role has only `for` and `timeout`. Nor do `.tty` and `parallel` go together."
        ),
    )
    ATTRIBUTE_TWICE = ("R046", "Attribute written twice", "Only one of the two could count.")
    ATTRIBUTE_ALONE = ("R047", "Attribute without its partner", "For example `every` says nothing without `wait`.")
    ROLE_TARGET = (
        "R048",
        "Role without a step",
        (
            "A script with the role `.check`, `.verify` or `.undo` names the step it belongs to: `for=` and that "
            "step's id."
        ),
    )
    ACTION_MISSING = (
        "R049",
        "YAML step without an action",
        "YAML runs only as the arguments of an action, which `action=` names.",
    )
    INCLUDE_ALONE = (
        "R050",
        "Include link inside other text",
        "The steps of an included recipe come in the place of the link's paragraph, which holds nothing else.",
    )
    INCLUDE_PATH = (
        "R051",
        "Include that is no relative path",
        "A recipe includes files, by their path relative to itself; never addresses and never absolute paths.",
    )
    INCLUDE_OUTSIDE = (
        "R052",
        "Include outside the recipe's directory",
        (
            "A recipe includes only what is in its own directory and below, also when symbolic links are "
            "followed: whoever reviews that directory has seen everything that runs."
        ),
    )
    INCLUDE_UNREADABLE = ("R053", "Include that cannot be read", "There is no such file, or it must not be read.")
    INCLUDE_CYCLE = ("R054", "Include that never ends", "A recipe includes itself, directly or through others.")
    INCLUDE_TWICE = ("R055", "File included twice", "Its ids would be there twice.")
    INCLUDE_MANY = ("R056", "Too many includes", "A recipe is made of at most 100 files.")
    UNKNOWN_ACTION = ("R060", "Unknown action", "No installed distribution supplies an action of this name.")
    UNKNOWN_PRECONDITION = ("R061", "Unknown precondition", "The first key of a requirement is its kind.")
    UNDECLARED = (
        "R062",
        "Parameter not declared",
        (
            "A name in `${…}`, in `when`, in `each`, or a lower-case variable in shell code that is neither a "
            "parameter, nor set by any block, nor an output of a step."
        ),
    )
    UNUSED = ("R063", "Parameter never used", "The operator would be asked for something that changes nothing.")
    OUTPUT_UNKNOWN = (
        "R064",
        "Output of no earlier step",
        "`${step-id.output}` is known once that step has run, so the step must exist and come before.",
    )
    REFERENCE_FORM = (
        "R065",
        "Malformed reference",
        (
            "A reference is `${name}` or `${step-id.output}`; there are no defaults or expressions. `$${` is a "
            "literal `${`."
        ),
    )
    SECRET_SHOWN = (
        "R066",
        "Secret in the open",
        "A secret would appear on the screen, on a command line, or beside a text everybody can read.",
    )
    CONDITION_TYPE = (
        "R067",
        "Condition on the wrong type",
        "`in` wants a list on its right, `==` and `!=` a single value on their left.",
    )
    CONDITION_FIXED = (
        "R068",
        "Condition with only one outcome",
        "The parameter can never have the value it is compared with, so the step is always or never skipped.",
    )
    EACH_TYPE = (
        "R069",
        "`each` without a list",
        "`each` names a parameter of type `list`; the step runs once per value.",
    )
    PROMPT = ("R070", "Prompt in the code", "A `$ ` or `>>> ` was pasted from a terminal together with the command.")
    PYTHON_SYNTAX = ("R071", "Python syntax", "The interpreter that runs the recipe cannot compile this block.")
    BASH_SYNTAX = ("R072", "Bash syntax", "`bash -n` refuses this block, in bash's own words.")
    SHELLCHECK = (
        "R073",
        "Shellcheck finding",
        (
            "A warning or an error of shellcheck, where it is installed. Silence one with a comment in the code, "
            "such as `# shellcheck disable=SC2086`."
        ),
    )
