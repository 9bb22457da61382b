"""make up and down with Docker: what they refuse, and that a failure leaves nothing."""

import re
import signal
import socket

import docker
import pytest
import requests

from tests.containers.engine import SHOP, Checkout
from tests.stacks import new_stack_name
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("docker")


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory):
    """A checkout of its own in which nothing runs yet."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"), new_stack_name("make"))
    checkout.env["MODE"] = "containers"
    try:
        yield checkout
    finally:
        checkout.run("down", MODE="")
        checkout.remove()


@pytest.fixture(scope="module", name="first_up")
def _first_up(shop):
    """What the first `up` has printed; the shop stays open for the tests that look at a running one."""
    return shop.run("up", SERVICE_COMMIT="abc1234")


@pytest.fixture(name="closed_shop")
def _closed_shop(shop):
    """The checkout with nothing running, which must be so afterwards as well."""
    shop.run("down")
    yield shop
    shop.run("down")
    assert shop.leftovers() == []


def test_up_makes_a_working_shop(shop, first_up):
    assert shop.url in first_up
    assert requests.get(f"{shop.url}/readyz", timeout=5).ok
    assert requests.get(f"{shop.url}/api/products", timeout=5).json()["products"]


@pytest.mark.usefixtures("first_up")
def test_second_up_changes_nothing_and_says_so(shop):
    before = {name: container.attrs["State"]["StartedAt"] for name, container in shop.containers().items()}

    printed = shop.run("up")

    assert "already up (containers); nothing was changed" in printed
    assert before == {
        name: container.attrs["State"]["StartedAt"] for name, container in shop.containers().items()
    }


@pytest.mark.usefixtures("first_up")
def test_other_commands_know_the_running_shop(shop):
    assert "storefront  healthy" in shop.run("status")
    assert "already running as containers; run 'make down' first" in shop.run("up", code=2, MODE="processes")
    assert "12 products added" in shop.run("logs", SERVICE="seed")


@pytest.mark.usefixtures("first_up")
def test_a_second_clone_is_told_which_lantern_has_the_ports(shop, tmp_path):
    other = Checkout(tmp_path, f"{shop.project}-other")
    other.env |= {name: value for name, value in shop.env.items() if name.endswith("_PORT")}
    other.env["MODE"] = "containers"

    printed = other.run("up", code=2)

    assert f"Another Lantern runs, in {shop.folder}, and has the ports " in printed
    assert f"  STOREFRONT_PORT={shop.ports['storefront'] + 100}" in printed
    assert other.leftovers() == []
    assert "not running" in other.run("down")


@pytest.mark.usefixtures("first_up")
def test_a_second_clone_of_the_same_name_touches_nothing(shop, tmp_path):
    other = Checkout(tmp_path, shop.project)

    for command in ("up", "down", "status"):
        printed = other.run(command, code=2)
        assert f"are another Lantern's, in {shop.folder}" in printed
    assert requests.get(f"{shop.url}/readyz", timeout=5).ok


@pytest.mark.usefixtures("first_up")
def test_version_is_the_projects_and_the_environment_wins(shop):
    for name in SHOP:
        answer = requests.get(f"http://127.0.0.1:{shop.ports[name]}/version", timeout=5)
        assert answer.json() == {"service": name, "version": "0.1.0", "commit": "abc1234"}


@pytest.mark.usefixtures("first_up")
def test_reset_brings_a_fresh_shop_after_a_yes(shop):
    order = f"{shop.url}/api/orders/{shop.order('before-the-reset').json()['order_id']}"

    assert "make reset YES=1" in shop.run("reset", code=2)
    assert requests.get(order, timeout=10).ok

    printed = shop.run("reset", YES="1")

    assert "Lantern is up (containers" in printed
    assert requests.get(order, timeout=10).status_code == 404
    assert {product["stock"] for product in products(shop)} == {8, 25, 100}


def products(shop):
    return requests.get(f"{shop.url}/api/products", timeout=10).json()["products"]


@pytest.mark.usefixtures("first_up")
def test_stopped_container_is_started_again_by_up(shop):
    shop.containers()["orders"].kill()

    shop.run("up")

    assert shop.containers()["orders"].status == "running"
    assert requests.get(f"{shop.url}/readyz", timeout=5).ok


@pytest.mark.usefixtures("first_up")
def test_down_stops_the_shop_and_a_second_one_finds_nothing(shop):
    assert "is down (containers)" in shop.run("down")
    assert shop.leftovers() == []
    assert "not running" in shop.run("down")


def test_service_that_dies_at_start_is_named_with_its_last_lines(closed_shop):
    printed = closed_shop.run("up", code=1, LOG_LEVEL="LOUD")

    assert any(f"{name} is " in printed for name in (*SHOP, "seed")), printed
    assert "LOG_LEVEL='LOUD'" in printed
    assert closed_shop.leftovers() == []


def test_images_that_cannot_be_built_are_told_with_the_builders_words(closed_shop):
    printed = closed_shop.run("up", code=1, BASE_IMAGE="127.0.0.1:9/no-such-image")

    assert "could not be built" in printed
    assert "no-such-image" in printed


def test_taken_port_is_refused(closed_shop):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", closed_shop.ports["orders"]))
        holder.listen()
        printed = closed_shop.run("up", code=2)

    assert f"Port {closed_shop.ports['orders']} for orders is taken" in printed
    assert "ORDERS_PORT=" in printed
    assert closed_shop.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_leaves_nothing(closed_shop, number):
    up = closed_shop.begin("up")
    wait_until(lambda: len(closed_shop.containers()) > 2, 120, "some containers are there")

    up.send_signal(number)
    printed, _ = up.communicate(timeout=60)

    assert up.returncode == 130, printed
    assert closed_shop.leftovers() == []


def test_clean_takes_everything_of_this_clone_away_and_nothing_else(closed_shop):
    client = docker.from_env()
    label = {"label": f"com.docker.compose.project={closed_shop.project}"}
    other = client.volumes.create(f"{closed_shop.project}-other_aws-state")
    try:
        printed = closed_shop.run("clean")

        assert re.search(rf"[\d.]+ MB  volume {closed_shop.project}_aws-state", printed)
        assert re.search(r"[\d.]+ MB  \d+ images", printed)
        assert client.volumes.list(filters=label) == []
        assert client.images.list(all=True, filters=label) == []
        assert not (closed_shop.folder / ".lantern").exists()
        assert other.name in [volume.name for volume in client.volumes.list()]
    finally:
        other.remove()
