"""Whether a request is one of an AWS client: signed, or sent in a way that no web page can.

Signatures are not verified, for any credentials will do here. What counts is that a page of another origin
cannot send an Authorization header, nor a body of a type that a form can't have, without asking first (CORS),
and nothing here says yes. https://fetch.spec.whatwg.org/#cors-safelisted-request-header
"""

import re
from collections.abc import Mapping

# https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/,\s]+)/\d{8}/[\w-]+/(?P<service>[\w-]+)/aws4_request, *"
    r"SignedHeaders=[\w;.-]+, *Signature=[\w]+"
)
FORM_TYPES = ("", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
BROWSER_MARKS = re.compile(r"origin|referer|sec-.*")


def signed_service(headers: Mapping[str, str]) -> str:
    """The service that a SigV4 Authorization header names, as `dynamodb`; "" when there is no such header.

    `headers` has lower-case names."""
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    return match["service"] if match else ""


def signing_key(headers: Mapping[str, str]) -> str:
    """The access key id that a SigV4 Authorization header names; "" when there is no such header."""
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    return match["key"] if match else ""


def may_be_unsigned(method: str, headers: Mapping[str, str]) -> bool:
    """Whether an SDK may have sent this where AWS's own clients send requests without a signature.

    X-Ray's SDKs do to their daemon, and OpenTelemetry's exporters do. `headers` has lower-case names."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_a_browsers = any(BROWSER_MARKS.fullmatch(name) for name in headers)
    return method == "POST" and (media_type not in FORM_TYPES or not is_a_browsers)
