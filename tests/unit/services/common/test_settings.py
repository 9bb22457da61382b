import pytest

from services.catalog.settings import Settings as CatalogSettings
from services.orders.settings import Settings as OrdersSettings
from services.storefront.settings import Settings as StorefrontSettings
from settings import SettingsError, load


def test_defaults_hold_where_nothing_is_set():
    settings = load(CatalogSettings, {})

    assert (settings.products_table, settings.deadline_ms, settings.faults) == (
        "lantern-products",
        1800,
        False,
    )


def test_every_wrong_variable_is_named_at_once():
    environ = {"CATALOG_URL": "catalog", "DEADLINE_MS": "soon", "FAULTS": "yes", "LOG_LEVEL": "LOUD"}

    with pytest.raises(SettingsError) as refused:
        load(StorefrontSettings, environ)

    for part in (
        "CATALOG_URL='catalog'",
        "ORDERS_URL is not set",
        "DEADLINE_MS='soon'",
        "FAULTS='yes'",
        "LOG_LEVEL='LOUD'",
    ):
        assert part in str(refused.value)


def test_an_empty_variable_counts_as_not_set():
    with pytest.raises(SettingsError, match="CATALOG_URL is not set"):
        load(OrdersSettings, {"CATALOG_URL": ""})


@pytest.mark.parametrize("text", ["899", "60001", "-1", "1e3", "٣٠٠٠", ""])
def test_a_deadline_outside_its_bounds_is_refused_or_default(text):
    environ = {"DEADLINE_MS": text}

    if text:
        with pytest.raises(SettingsError, match="whole number from 900 to 60000"):
            load(CatalogSettings, environ)
    else:
        assert load(CatalogSettings, environ).deadline_ms == 1800


@pytest.mark.parametrize(
    "text", ["catalog:8081", "ftp://catalog", "http://", "http://a b", "http://catalog?x=1"]
)
def test_what_is_not_an_http_address_is_refused(text):
    with pytest.raises(SettingsError, match="CATALOG_URL"):
        load(OrdersSettings, {"CATALOG_URL": text})


@pytest.mark.parametrize("text", ["https://catalog", "HTTPS://catalog:8443/"])
def test_an_https_address_is_refused_because_deadlines_would_not_hold(text):
    with pytest.raises(SettingsError, match="expected http://: calls over https are not supported"):
        load(OrdersSettings, {"CATALOG_URL": text})
