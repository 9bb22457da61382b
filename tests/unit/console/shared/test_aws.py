import pytest

from console.shared.aws import is_aws_own


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://codedeploy.us-east-1.amazonaws.com", True),
        ("https://codedeploy.cn-north-1.amazonaws.com.cn", True),
        ("https://codedeploy.us-east-1.api.aws", True),
        ("http://127.0.0.1:4567", False),
        ("http://pipeline:4567", False),
        ("https://codedeploy.amazonaws.com.evil.example", False),
        ("https://amazonaws.com:443@127.0.0.1", False),
    ],
)
def test_only_aws_own_endpoints_are_aws(url, expected):
    assert is_aws_own(url) is expected
