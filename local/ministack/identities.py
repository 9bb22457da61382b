"""The answers about identities that the local AWS gives itself: STS's, IAM's simulator, ECR's token."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from local.awsapi.account import ACCOUNT, REGION
from local.iam.principals import SECRET, Principal
from local.ministack.admission import Refusal
from local.ministack.gatekeeper import Call, Gatekeeper, identity, registry_token, session_for

SESSION_S = 12 * 3600  # what is said; here no session ends
STS, IAM = "https://sts.amazonaws.com/doc/2011-06-15/", "https://iam.amazonaws.com/doc/2010-05-08/"
Answer = tuple[int, str, bytes]  # status, media type, body


def answer(call: Call, gatekeeper: Gatekeeper) -> Answer | Refusal | None:
    """The answer to a request about identities; None when MiniStack answers it."""
    match call.service, call.operation:
        case "sts", "AssumeRole":
            return gatekeeper.trust_refusal(call) or _credentials(session_for(call))
        case "sts", "GetCallerIdentity" if call.principal:
            fields = {**identity(call.principal), "Account": ACCOUNT}
            return _xml(STS, "GetCallerIdentity", _elements(fields))
        case "iam", "SimulatePrincipalPolicy" if not call.principal:
            return _simulation(gatekeeper.simulate(call.form))
        case "ecr", "GetAuthorizationToken" if call.principal:
            return gatekeeper.refusal(call) or _registry_token(call.principal)
    return None


def _credentials(session: Principal) -> Answer:
    credentials = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": SECRET,
        "SessionToken": "laptop",
        "Expiration": datetime.fromtimestamp(time.time() + SESSION_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    user = {"AssumedRoleId": f"AROALAPTOP:{session.session}", "Arn": session.arn}
    body = f"<Credentials>{_elements(credentials)}</Credentials>"
    return _xml(STS, "AssumeRole", f"{body}<AssumedRoleUser>{_elements(user)}</AssumedRoleUser>")


def _simulation(result: Mapping[str, object]) -> Answer:
    missing = "".join(f"<member>{escape(str(key))}</member>" for key in _list(result["MissingContextValues"]))
    fields = {key: str(value) for key, value in result.items() if key != "MissingContextValues"}
    member = f"{_elements(fields)}<MissingContextValues>{missing}</MissingContextValues>"
    body = f"<EvaluationResults><member>{member}</member></EvaluationResults><IsTruncated>false</IsTruncated>"
    return _xml(IAM, "SimulatePrincipalPolicy", body)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _registry_token(principal: Principal) -> Answer:
    data = {
        "authorizationToken": registry_token(principal),
        "expiresAt": int(time.time()) + SESSION_S,
        "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
    }
    return 200, "application/x-amz-json-1.1", json.dumps({"authorizationData": [data]}).encode()


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def _xml(namespace: str, operation: str, result: str) -> Answer:
    body = (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></{operation}Response>"
    )
    return 200, "text/xml", body.encode()
