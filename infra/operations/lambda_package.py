"""The `dora` package as a zip file in the artifact bucket, for DORA's two Lambda functions."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.shop import PROJECT

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
    """Put the package into the artifact bucket unless it is there; return its key.

    The bucket keeps it for a month; Lambda copies it when the function is made. Raises AccountError.
    """
    content, s3 = package(), account.client("s3")
    target = {"Bucket": f"{PROJECT}-artifacts-{account.number}-{account.region}", "Key": key(content)}
    try:
        s3.head_object(**target)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise AccountError(f"{target['Key']}: {error}") from None
        s3.put_object(**target, Body=content)
        say(f"package {target['Key']}: {len(content)} bytes put into the artifact bucket")
    return target["Key"]
