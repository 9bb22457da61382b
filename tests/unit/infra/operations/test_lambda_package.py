"""The package of DORA's functions: equal files make equal bytes, and one byte more makes another key."""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from infra.operations import lambda_package
from infra.operations.errors import AccountError
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION
from tests.unit.infra.operations.stubs import StubbedAccount

BUCKET = f"lantern-artifacts-{EXAMPLE_ACCOUNT}-{EXAMPLE_REGION}"


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    shutil.copytree(lambda_package.ROOT / "dora", tmp_path / "dora")
    return tmp_path


@pytest.fixture(name="account")
def _account():
    return StubbedAccount()


def test_file_times_caches_and_modes_do_not_change_the_package(checkout):
    before = lambda_package.package(checkout)
    cache = checkout / "dora" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "records.cpython-313.pyc").write_bytes(b"compiled")
    os.utime(checkout / "dora" / "records.py", (1, 1))
    (checkout / "dora" / "records.py").chmod(0o600)

    assert lambda_package.package(checkout) == before == lambda_package.package()


def test_another_byte_is_another_key(checkout):
    before = lambda_package.key(lambda_package.package(checkout))
    (checkout / "dora" / "records.py").write_text("# other")

    after = lambda_package.key(lambda_package.package(checkout))

    assert before != after
    assert before.startswith("dora/")


def test_the_package_can_be_imported_and_has_the_handlers(tmp_path):
    """As Lambda does it: nothing but the package and boto3; everybody may read the files."""
    with zipfile.ZipFile(io.BytesIO(lambda_package.package())) as archive:
        assert all(entry.external_attr >> 16 & 0o444 == 0o444 for entry in archive.infolist())
        archive.extractall(tmp_path)
    code = "from dora.aws_lambda.handlers import collect, compute"

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_package_in_the_bucket_is_not_uploaded_again(account):
    content = lambda_package.package()
    key = lambda_package.key(content)
    account.expect("s3", "get_object", {"Body": io.BytesIO(content)}, {"Bucket": BUCKET, "Key": key})
    lines = []

    assert lambda_package.upload(account, lines.append) == key

    account.check_all_were_called()
    assert lines == []


def test_a_missing_package_is_uploaded_and_reported(account):
    content = lambda_package.package()
    where = {"Bucket": BUCKET, "Key": lambda_package.key(content)}
    account.refuse("s3", "get_object", "NoSuchKey", "Not Found")
    account.expect("s3", "put_object", {}, where | {"Body": content})
    lines = []

    lambda_package.upload(account, lines.append)

    account.check_all_were_called()
    assert lines == [f"package {where['Key']}: {len(content)} bytes put into the artifact bucket"]


def test_another_content_under_the_packages_key_is_replaced_and_reported(account):
    """Whoever may write there would otherwise choose what the functions run."""
    content = lambda_package.package()
    where = {"Bucket": BUCKET, "Key": lambda_package.key(content)}
    account.expect("s3", "get_object", {"Body": io.BytesIO(b"somebody else's")}, where)
    account.expect("s3", "put_object", {}, where | {"Body": content})
    lines = []

    lambda_package.upload(account, lines.append)

    account.check_all_were_called()
    assert lines[0].endswith("because what was there is not this checkout's")


def test_a_function_with_other_code_is_named(account):
    right = base64.b64encode(hashlib.sha256(lambda_package.package()).digest()).decode()
    for checksum in (right, "b3RoZXI="):
        account.expect("lambda", "get_function_configuration", {"CodeSha256": checksum})

    with pytest.raises(AccountError, match=r"function lantern-dora-compute: its code has .* b3RoZXI="):
        lambda_package.check_functions(account)


def test_a_refusal_of_the_bucket_is_an_error(account):
    account.refuse("s3", "get_object", "403", "Forbidden")

    with pytest.raises(AccountError, match="403"):
        lambda_package.upload(account, print)
