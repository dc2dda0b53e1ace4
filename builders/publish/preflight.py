"""What could stop a publication, looked at in every region before a byte is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from builders.publish import ami
from builders.publish.cloud import AWS, Cloud
from builders.publish.faults import CloudFault, code_of, diagnose, not_offered, passing
from builders.publish.identity import Identity
from builders.publish.regions import in_each
from recipe_runner.errors import Diagnostic, RecipeError, UnmetError
from recipe_runner.sanitise import line

UNBLOCKED = "unblocked"


@dataclass(slots=True)
class Survey:
    """What was found; `unreachable` regions can be published to later, any of the `findings` needs a person."""

    account: str = ""
    findings: list[Diagnostic] = field(default_factory=list)
    unreachable: dict[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    unreported: list[str] = field(default_factory=list)


def survey(cloud: Cloud, identity: Identity, regions: Sequence[str], content: str) -> Survey:
    """Ask for the account, then for each region's obstacles.

    Raises UnmetError with every finding at once, RecipeError when the cloud cannot be reached at all.
    """
    found = Survey()
    found.unreachable = in_each(regions, lambda region: _inspect(cloud, identity, region, content, found))
    _identify(cloud, [region for region in regions if region not in found.unreachable], found)
    if found.findings:
        raise UnmetError(*found.findings)
    if len(found.unreachable) == len(regions):
        raise RecipeError(*(fault for faults in found.unreachable.values() for fault in faults))
    return found


def _identify(cloud: Cloud, regions: Sequence[str], found: Survey) -> None:
    if not regions:
        return
    try:
        found.account = line(cloud.sts(regions[0]).get_caller_identity().get("Account", ""))
    except CloudFault as fault:
        found.findings += diagnose(fault, where="account")


def _inspect(cloud: Cloud, identity: Identity, region: str, content: str, found: Survey) -> None:
    """Add to `found`; raises only when the region does not answer."""
    client = cloud.ec2(region)
    lenient = cloud.address(region) != AWS
    try:
        image = ami.find(client, identity.name)
    except CloudFault as fault:
        if passing(fault):
            raise
        found.findings += _refused(fault, region)
        return
    if image and ami.content_of(image) != content:
        found.findings.append(
            Diagnostic(
                f"{region}: the name `{identity.name}` belongs to `{image.get('ImageId', '?')}`, another image",
                hint="deregister that image, or publish under another serial",
            )
        )
    questions: dict[str, tuple[Callable[[], object], object, str]] = {
        "encryption by default": (
            lambda: client.get_ebs_encryption_by_default().get("EbsEncryptionByDefault"),
            False,
            "an encrypted snapshot cannot be made public: disable it in this region",
        ),
        "public access block of images": (
            lambda: client.get_image_block_public_access_state().get("ImageBlockPublicAccessState"),
            UNBLOCKED,
            "run `aws ec2 disable-image-block-public-access` in this region",
        ),
        "public access block of snapshots": (
            lambda: client.get_snapshot_block_public_access_state().get("State"),
            UNBLOCKED,
            "run `aws ec2 disable-snapshot-block-public-access` in this region",
        ),
    }
    for name, (ask, wanted, hint) in questions.items():
        try:
            answer = ask()
        except CloudFault as fault:
            if lenient and not_offered(fault):
                answer = None
            elif passing(fault):
                raise
            else:
                found.findings += _refused(fault, region)
                continue
        if answer is None:
            found.unreported.append(f"{region}: {name}")
        elif answer != wanted:
            found.findings.append(
                Diagnostic(f"{region}: {name} is `{line(str(answer))}`, wanted `{wanted}`", hint=hint)
            )


def _refused(fault: Exception, region: str) -> tuple[Diagnostic, ...]:
    faults = diagnose(fault, where=region)
    if code_of(fault) in {"AuthFailure", "OptInRequired", "UnauthorizedOperation"}:
        return tuple(
            Diagnostic(d.message, hint="opt in to the region, or give this account leave for the call") for d in faults
        )
    return faults
