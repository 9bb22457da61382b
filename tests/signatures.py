"""A signed request as AWS's clients send it, for tests that speak HTTP themselves."""


def authorization(service: str) -> str:
    """The Authorization header; the signature itself is nobody's."""
    scope = f"laptop/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=0123456789abcdef"


def signed_environ(service: str) -> dict[str, str]:
    """The same in a WSGI environment, with the Host that every client sends."""
    return {"HTTP_HOST": "127.0.0.1:2000", "HTTP_AUTHORIZATION": authorization(service)}
