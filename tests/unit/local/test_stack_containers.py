import pytest

from local.stack.containers import removable

REPOSITORY = "127.0.0.1:4566/lantern/orders"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{REPOSITORY} 0123456 sha256:abc 95cc7b6f8385", f"{REPOSITORY}:0123456"),
        (f"{REPOSITORY} <none> sha256:abc 95cc7b6f8385", f"{REPOSITORY}@sha256:abc"),
        (f"{REPOSITORY} <none> <none> 95cc7b6f8385", "95cc7b6f8385"),
    ],
)
def test_an_image_is_removed_by_the_name_that_it_has_here_and_no_other(line, name):
    assert removable(line) == name
