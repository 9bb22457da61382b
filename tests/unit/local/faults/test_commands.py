"""`make fault` before the real /faults of the three services and of the local AWS, without a network."""

import json

import pytest

from local.faults import __main__ as command
from local.faults import alarms, diagnosing, gameday
from local.faults.bearers import Bearers
from local.faults.errors import Refused
from local.faults.settings import Settings, duration
from local.ministack.throttling import Throttling
from services.catalog.app import create_app as catalog
from services.catalog.settings import Settings as CatalogSettings
from services.orders.app import create_app as orders
from services.orders.settings import Settings as OrdersSettings
from services.storefront.app import create_app as storefront
from services.storefront.settings import Settings as StorefrontSettings
from settings import SettingsError, load
from tests.unit.local.diagnosis.test_fingerprints import MARKS


@pytest.fixture(name="clients", scope="module")
def _clients():
    """Clients of the three services, by whether faults may be injected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield {faults: clients_of(faults) for faults in (True, False)}


def clients_of(faults):
    urls = {"catalog_url": "http://c", "faults": faults}
    return {
        "storefront": storefront(StorefrontSettings(orders_url="http://o", **urls)).test_client(),
        "catalog": catalog(CatalogSettings(faults=faults)).test_client(),
        "orders": orders(OrdersSettings(**urls)).test_client(),
    }


@pytest.fixture(name="bearers_with")
def _bearers_with(monkeypatch, clients):
    """Makes the parts of a shop in which nothing is on, and asks them directly."""

    def make(faults=True):
        table = Throttling(None)

        def ask(_self, part, method, body):
            if part == "aws":
                if method == "GET":
                    return table.state() if faults else {"enabled": False}
                return table.replace(json.dumps(body or {"faults": []}).encode())
            answer = clients[faults][part].open("/faults", method=method, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json

        monkeypatch.setattr(Bearers, "_ask", ask)
        bearers = Bearers(dict.fromkeys((*clients[faults], "aws"), ""))
        bearers.switch_off()
        return bearers

    return make


@pytest.fixture(name="bearers")
def _bearers(bearers_with):
    return bearers_with()


def settings(**variables):
    return load(Settings, {name.upper(): value for name, value in variables.items()})


def switch_on(bearers, name, on="", **fields):
    return bearers.switch_on(bearers.choose(name, on), {"name": name, **fields}, 60)


def test_every_fault_is_offered_by_somebody_by_default(bearers):
    assert set(bearers.offers()) == {
        *("bad-product", "dependency-unreachable", "leak", "lost-header", "n-plus-one"),
        *("retry-storm", "slow-dependency", "slow-network", "throttled-table"),
    }
    assert all(offer.by_default for offer in bearers.offers().values())


@pytest.mark.parametrize(
    ("name", "on", "where"),
    [
        ("slow-dependency", "", ("catalog",)),
        ("slow-dependency", "orders", ("orders",)),
        ("retry-storm", "", ("storefront", "catalog")),
        ("throttled-table", "", ("aws",)),
    ],
)
def test_a_fault_is_switched_on_where_it_acts(bearers, name, on, where):
    assert switch_on(bearers, name, on).bearers == where


@pytest.mark.parametrize(
    ("name", "on", "message"),
    [
        ("slow", "", "NAME=slow: expected one of bad-product"),
        ("slow-dependency", "console", "ON=console: for slow-dependency expected catalog or"),
        ("retry-storm", "catalog", "ON=catalog: for retry-storm expected none"),
        ("n-plus-one", "orders", "ON=orders: for n-plus-one expected storefront"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_was_expected(bearers, name, on, message):
    with pytest.raises(Refused, match=message):
        bearers.choose(name, on)


def test_several_are_on_at_once_and_each_is_ended_by_its_name(bearers):
    switch_on(bearers, "slow-dependency", percent=10)
    switch_on(bearers, "retry-storm")
    switch_on(bearers, "slow-dependency", percent=20)

    assert {fault.name: fault.percent for fault in bearers.active()} == {
        "slow-dependency": 20,
        "retry-storm": 50,
    }
    assert bearers.switch_off("retry-storm") == ["retry-storm"]
    assert [fault.name for fault in bearers.active()] == ["slow-dependency"]
    switch_on(bearers, "throttled-table")
    assert sorted(bearers.switch_off()) == ["slow-dependency", "throttled-table"]
    assert bearers.active() == []


@pytest.mark.parametrize("name", ["slow-dependency", "throttled-table", "mystery"])
def test_without_the_switch_each_fault_is_refused_by_its_name(bearers_with, name):
    bearers = bearers_with(faults=False)

    with pytest.raises(Refused, match=f"{name} is refused: the shop runs without FAULTS=on"):
        command.switch_on(bearers, settings(name=name))


def test_a_mystery_is_repeatable_and_does_not_tell_its_name(bearers, capsys):
    command.switch_on(bearers, settings(name="mystery", seed="7"))
    (first,) = bearers.active()
    command.show(bearers)
    printed = capsys.readouterr().out

    bearers.switch_off()
    command.switch_on(bearers, settings(name="mystery", seed="7"))

    assert (first.shown_as, first.name) == ("mystery-7", bearers.active()[0].name)
    assert first.name not in printed.split("Faults: make fault")[0]


def test_a_guess_is_right_or_wrong_and_has_its_evidence(bearers, monkeypatch):
    monkeypatch.setattr(diagnosing, "look", lambda _view, _since_s: MARKS["n-plus-one"])
    view = diagnosing.View(None, None, lambda trace_id: f"http://console/traces/{trace_id}")
    switch_on(bearers, "n-plus-one", alias="mystery-1")

    is_right, lines = diagnosing.guess(bearers, view, "n-plus-one", 60)
    is_right_too, other_lines = diagnosing.guess(bearers, view, "leak", 60)

    assert is_right
    assert lines[0] == "Right: it is n-plus-one."
    assert any("12 like calls" in line for line in lines)
    assert any("http://console/traces/1-0-" in line for line in lines)
    assert not is_right_too
    assert other_lines[0] == "Wrong: it is not leak."


def test_a_game_day_is_repeatable_and_plays_no_fault_twice(bearers):
    names = list(bearers.offers())

    rounds = gameday.sequence(names, 7, 20 * 60)

    assert [entry.name for entry in rounds] == [entry.name for entry in gameday.sequence(names, 7, 20 * 60)]
    assert sorted(entry.name for entry in rounds) == sorted(names)
    assert [entry.letter for entry in rounds] == list("abcdefghi")
    assert len(gameday.sequence(names, 7, 60)) == 1


def test_what_a_game_day_tells_is_when_each_fault_was_seen():
    rang = [alarms.Ringing("lantern-catalog-failures", 6.0)]
    rounds = [
        gameday.Round("a", "leak", 0, 60, 12.3),
        gameday.Round("b", "bad-product", 120, 180, None, rang),
    ]

    lines = gameday.report(rounds)

    assert lines[1].startswith("a: leak")
    assert lines[1].endswith("12 s       none")
    assert lines[2].endswith("not        lantern-catalog-failures after 6 s")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("24h", 86400)])
def test_a_duration_has_a_unit(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["15", "0m", "25h", "-1m", "1.5h", "m"])
def test_a_wrong_duration_is_refused_with_its_variable(text):
    with pytest.raises(SettingsError, match=f"FOR='{text}'.*expected a time such as 90s"):
        settings(**{"for": text})
