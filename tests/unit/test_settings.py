"""The loader of settings: every wrong variable at once, and what each kind of value takes."""

import dataclasses
from dataclasses import dataclass

import pytest

from settings import SettingsError, choice, env, load, number, switch, url, variables, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    address: str = env("ADDRESS", url, help="where the catalog answers")
    port: int = env("PORT", whole(1, 65535), default=8080, help="port to listen on")
    faults: bool = env("FAULTS", switch("on", "off"), default=False, help="whether faults may be injected")
    services: dict[str, str] = env("SERVICES", lambda text: {text: ""}, default={}, help="by name")


def test_defaults_hold_where_nothing_is_set_and_an_empty_variable_counts_as_not_set():
    settings = load(Settings, {"ADDRESS": "http://catalog:8081/", "PORT": ""})

    assert settings == Settings(address="http://catalog:8081", port=8080, faults=False, services={})


def test_every_wrong_variable_is_named_at_once_with_what_was_expected_and_what_it_is_for():
    with pytest.raises(SettingsError) as refused:
        load(Settings, {"PORT": "0", "FAULTS": "yes"})

    assert str(refused.value).split("; ") == [
        "ADDRESS is not set: where the catalog answers",
        "PORT='0': expected a whole number from 1 to 65535 (port to listen on)",
        "FAULTS='yes': expected on or off (whether faults may be injected)",
    ]


def test_settings_cannot_be_changed_after_they_are_read():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(Settings, {"ADDRESS": "http://catalog"}).port = 1


def test_names_defaults_and_help_can_be_read_from_the_class():
    assert [(field, v.name, v.default, v.help) for field, v in variables(Settings).items()][:2] == [
        ("address", "ADDRESS", None, "where the catalog answers"),
        ("port", "PORT", 8080, "port to listen on"),
    ]


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (url, "https://shop.example/api/", "https://shop.example/api"),
        (whole(-5, 5), "-5", -5),
        (number(1, 600), "1.5", 1.5),
        (choice("DEBUG", "INFO"), "info", "INFO"),
        (switch("yes", "no"), "YES", True),
        (switch("yes", "no"), "no", False),
    ],
)
def test_text_becomes_a_value(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "texts", "expected"),
    [
        (
            url,
            ("catalog:8081", "ftp://catalog", "http://", "http://a b", "http://catalog?x=1"),
            "expected an address such as http://catalog:8080",
        ),
        (
            whole(900, 60_000),
            ("899", "60001", "-1", "1e3", "٣٠٠٠", "9" * 5000),
            "expected a whole number from 900 to 60000",
        ),
        (number(1, 600), ("fast", "0", "601", "nan", "inf"), "expected a number from 1 to 600"),
        (choice("a", "b", "c"), ("d", "a b"), "expected a, b or c"),
        (switch("on", "off"), ("true", "1"), "expected on or off"),
    ],
)
def test_what_is_no_such_value_is_refused_with_what_was_expected(parse, texts, expected):
    for text in texts:
        with pytest.raises(ValueError, match=f"^{expected}$"):
            parse(text)
