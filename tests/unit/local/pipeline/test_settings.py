from pathlib import Path

import pytest

from local.pipeline.settings import Settings
from settings import SettingsError, load


def test_nothing_has_to_be_set():
    settings = load(Settings, {})

    assert (settings.host, settings.port, settings.scale) == ("127.0.0.1", 4567, 60)
    assert settings.state == Path(".lantern/state/pipeline")
    assert settings.approval is False


def test_a_variable_that_is_empty_is_not_set():
    assert load(Settings, {"PORT": "", "TIME_SCALE": "", "APPROVAL": ""}) == load(Settings, {})


def test_each_variable_is_read():
    settings = load(
        Settings, {"PORT": "9999", "TIME_SCALE": "1.5", "APPROVAL": "yes", "ECR_REGISTRY": "registry:1"}
    )

    assert (settings.port, settings.scale, settings.approval, settings.registry) == (
        9999,
        1.5,
        True,
        "registry:1",
    )


@pytest.mark.parametrize("text", ["fast", "0", "0.5", "601", "-60", "nan", "inf", "1e9", "60x"])
def test_a_time_scale_that_is_none_is_named(text):
    with pytest.raises(SettingsError, match=f"TIME_SCALE='{text}': expected a number from 1 to 600"):
        load(Settings, {"TIME_SCALE": text})


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "4567.0"])
def test_a_port_that_is_none_is_named(text):
    with pytest.raises(SettingsError, match=f"PORT='{text}': expected a whole number from 1 to 65535"):
        load(Settings, {"PORT": text})


def test_an_answer_that_is_neither_yes_nor_no_is_named():
    with pytest.raises(SettingsError, match="APPROVAL='true': expected yes or no"):
        load(Settings, {"APPROVAL": "true"})
