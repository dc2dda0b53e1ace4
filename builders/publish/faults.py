"""What boto3 raises, sorted and said in our words."""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from recipe_runner.errors import Diagnostic, RecipeError
from recipe_runner.sanitise import line

CloudFault = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
"""Everything boto3 raises when a call does not succeed."""

CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
)
CREDENTIALS_HINT = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
NETWORK_HINT = "check the endpoint and the network"
THROTTLED = frozenset({"RequestLimitExceeded", "RequestThrottledException", "Throttling", "ThrottlingException"})
NOT_OFFERED = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException", "UnsupportedOperation"})
SERVER_TROUBLE = 500
SHOWN = 200


def diagnose(fault: Exception, *, where: str = "") -> tuple[Diagnostic, ...]:
    """Say why a call failed; `where` (a region) stands before it."""
    place = f"{where}: " if where else ""
    if isinstance(fault, RecipeError):
        return tuple(Diagnostic(f"{place}{d.message}", d.span, d.hint, d.code) for d in fault.diagnostics)
    if isinstance(fault, CREDENTIALS):
        return (Diagnostic(f"{place}no usable cloud credentials: {line(str(fault))}", hint=CREDENTIALS_HINT),)
    if isinstance(fault, boto.ClientError):
        error = fault.response.get("Error", {})
        code, text = line(str(error.get("Code", "?"))), line(str(error.get("Message", "")))
        return (Diagnostic(f"{place}the cloud refused `{line(fault.operation_name)}`: {text} (`{code}`)"),)
    if isinstance(fault, boto.ConnectionError | boto.HTTPClientError):
        return (Diagnostic(f"{place}cannot reach the cloud: {line(str(fault))}", hint=NETWORK_HINT),)
    if isinstance(fault, ResponseParserError):
        said = line(str(fault))[:SHOWN]
        return (Diagnostic(f"{place}what answers is not a cloud: {said}", hint="check the endpoint, and proxies"),)
    return (Diagnostic(f"{place}{line(str(fault))}"),)


def code_of(fault: Exception) -> str:
    """Return the cloud's code for a refusal, such as `InvalidSnapshot.NotFound`; empty for any other fault."""
    return str(fault.response.get("Error", {}).get("Code", "")) if isinstance(fault, boto.ClientError) else ""


def status_of(fault: Exception) -> int:
    """Return the HTTP status of a refusal, 0 for a fault that is none."""
    if not isinstance(fault, boto.ClientError):
        return 0
    return int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def passing(fault: Exception) -> bool:
    """Whether asking again may help: the reason is the network, the load or the server's own trouble."""
    if isinstance(fault, boto.ClientError):
        return code_of(fault) in THROTTLED or status_of(fault) >= SERVER_TROUBLE
    return isinstance(fault, boto.ConnectionError | boto.HTTPClientError)


def not_offered(fault: Exception) -> bool:
    """Whether the reply can be read as "I do not know this call", as endpoints other than AWS answer."""
    if isinstance(fault, ResponseParserError):
        return True
    return code_of(fault) in NOT_OFFERED or status_of(fault) in {404, 500, 501}
