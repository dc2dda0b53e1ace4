"""A plugin of mypy that tells two functions called `replace` apart: that of dataclasses, and that of msgspec.

mypy takes structs for dataclasses (PEP 681), whose `replace` refuses them only when the line is run; and it does not
know what msgspec's own may be given.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.plugin import FunctionContext, FunctionSigContext, Plugin
from mypy.plugins.dataclasses import replace_function_sig_callback
from mypy.types import FunctionLike, Instance, Type, get_proper_type

STRUCT = "msgspec.Struct"
OF_DATACLASSES = frozenset({"dataclasses.asdict", "dataclasses.astuple", "dataclasses.fields", "dataclasses.replace"})


class StructTypes(Plugin):
    """Refuses structs where a dataclass is wanted, and checks what is to be replaced in one."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Return what looks at a call of a function of dataclasses."""
        return _refuse_structs if fullname in OF_DATACLASSES else None

    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Return what tells the fields that msgspec's `replace` takes."""
        return replace_function_sig_callback if fullname == "msgspec.structs.replace" else None


def _refuse_structs(context: FunctionContext) -> Type:
    for given in context.arg_types[0]:
        of = get_proper_type(given)
        if isinstance(of, Instance) and of.type.has_base(STRUCT):
            context.api.fail(f"{of.type.name} is a struct: take this function from `msgspec.structs`", context.context)
    return context.default_return_type


def plugin(_version: str) -> type[Plugin]:
    """Return the plugin for a version of mypy."""
    return StructTypes
