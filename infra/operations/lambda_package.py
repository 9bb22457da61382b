"""The `dora` package as a zip file in the artifact bucket, for DORA's two Lambda functions."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.shop import DORA_COLLECT, DORA_COMPUTE, PROJECT

ROOT = Path(__file__).parents[2]
PACKAGE = "dora"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can have
READABLE = 0o100644 << 16


def package(root: Path = ROOT) -> bytes:
    """The zip file, the same bytes for the same files: sorted, one time, not compressed (zlib varies)."""
    files = sorted(
        path
        for path in (root / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), FIRST_DAY)
            entry.external_attr, entry.create_system = READABLE, 3
            archive.writestr(entry, path.read_bytes())
    return target.getvalue()


def key(content: bytes) -> str:
    """The key of `content` in the bucket, made of its hash: a new key makes CloudFormation update it."""
    return f"{PACKAGE}/{hashlib.sha256(content).hexdigest()[:32]}.zip"


def upload(account: Account, say: Callable[[str], None]) -> str:
    """Put the package into the artifact bucket unless it is there, byte for byte; return its key.

    The bucket keeps it for a month; Lambda copies it when the function is made. Raises AccountError.
    """
    content, s3 = package(), account.client("s3")
    target = {"Bucket": f"{PROJECT}-artifacts-{account.number}-{account.region}", "Key": key(content)}
    present = _content(s3, target)
    if present != content:
        s3.put_object(**target, Body=content)
        reason = "" if present is None else ", because what was there is not this checkout's"
        say(f"package {target['Key']}: {len(content)} bytes put into the artifact bucket{reason}")
    return target["Key"]


def _content(s3: Any, target: dict[str, str]) -> bytes | None:
    try:
        return bytes(s3.get_object(**target)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise AccountError(f"{target['Key']}: {error}") from None
        return None


def check_functions(account: Account) -> None:
    """Raise AccountError where a function runs other code than this checkout's package."""
    checksum = base64.b64encode(hashlib.sha256(package()).digest()).decode()
    for name in (DORA_COLLECT, DORA_COMPUTE):
        try:
            actual = account.client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
        except ClientError as error:
            raise AccountError(f"{name}: {error}") from None
        if actual != checksum:
            raise AccountError(
                f"function {name}: its code has the checksum {actual}, this checkout's package {checksum}; "
                f"see who changed it, then 'aws cloudformation delete-stack --stack-name {PROJECT}-dora' and "
                "deploy again"
            )
