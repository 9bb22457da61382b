import pytest

from console.settings import Settings
from origins import is_own_host
from settings import SettingsError, load


def test_everything_has_a_default_and_the_shop_is_read_by_name():
    settings = load(Settings, {"SHOP_URLS": "orders=http://orders:8080/ catalog=http://127.0.0.1:8081"})

    assert settings.shop == {"orders": "http://orders:8080", "catalog": "http://127.0.0.1:8081"}
    assert (settings.port, load(Settings, {}).shop) == (8000, {})


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"SHOP_URLS": "orders"}, "SHOP_URLS"),
        ({"SHOP_URLS": "a=file:///etc/passwd"}, "SHOP_URLS"),
    ],
)
def test_a_wrong_variable_is_named(environ, named):
    with pytest.raises(SettingsError, match=named):
        load(Settings, environ)


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:8000", True),
        ("console:8000", True),
        ("192.168.1.5:8000", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example:8000", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_answered(host, is_own):
    assert is_own_host(host) is is_own
