"""Work that is done in several regions side by side, where one region's trouble never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from builders.publish.faults import CloudFault, diagnose
from recipe_runner.errors import Diagnostic, IncompleteError, RecipeError


def in_each(regions: Sequence[str], work: Callable[[str], None]) -> dict[str, tuple[Diagnostic, ...]]:
    """Call `work` with each region at once, and return the faults of those where it failed."""

    def guarded(region: str) -> tuple[Diagnostic, ...]:
        try:
            work(region)
        except (RecipeError, *CloudFault) as fault:
            return diagnose(fault, where=region)
        return ()

    if not regions:
        return {}
    with ThreadPoolExecutor(len(regions)) as pool:
        outcomes = zip(regions, pool.map(guarded, regions), strict=True)
        return {region: faults for region, faults in outcomes if faults}


def joined(faults: Mapping[str, tuple[Diagnostic, ...]]) -> list[Diagnostic]:
    """Return the faults of all regions in one list."""
    return [fault for found in faults.values() for fault in found]


def settle(faults: Mapping[str, tuple[Diagnostic, ...]], sentence: str) -> None:
    """Raise IncompleteError when there are faults, beginning with `sentence` where `{regions}` names their regions."""
    if faults:
        summary = Diagnostic(sentence.format(regions=", ".join(faults)), hint="run the step again")
        raise IncompleteError(summary, *joined(faults))
