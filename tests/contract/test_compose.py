"""docker-compose.yml against everything that has to agree with it."""

import importlib
import json
import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from local.processes import compose, variables
from settings import variables as read_by

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
RAW = yaml.safe_load(FILE.read_text())
SHOP = ("storefront", "orders", "catalog")
# Read by the commands around the stack, not by the compose file
BESIDE = {"MODE", "LANTERN_DIR"}
DRIVES_DOCKER = "pipeline"  # it starts builds and tasks, so it has the engine's socket, which is root's


def stack(**environ):
    return compose.read(FILE, environ)


def test_stack_can_be_run_without_docker():
    assert set(stack().services) == {*SHOP, "console", "seed", "aws", "xray", "logs"}


def test_everything_is_published_on_this_machine_only_and_on_the_ports_of_the_contract():
    published = {
        (service.name, port.published, port.protocol, port.variable) for service, port in stack().ports()
    }

    assert published == {
        ("storefront", 8080, "tcp", "STOREFRONT_PORT"),
        ("catalog", 8081, "tcp", "CATALOG_PORT"),
        ("orders", 8082, "tcp", "ORDERS_PORT"),
        ("console", 8000, "tcp", "CONSOLE_PORT"),
        ("xray", 2000, "udp", "XRAY_PORT"),
        ("xray", 2000, "tcp", "XRAY_PORT"),
        ("xray", 4318, "tcp", "OTLP_PORT"),
        ("logs", 24224, "tcp", "LOGS_PORT"),
        ("aws", 4566, "tcp", "AWS_PORT"),
    }
    assert all(
        port.startswith("127.0.0.1:")
        for service in RAW["services"].values()
        for port in service.get("ports", [])
    )


def test_what_is_only_started_when_asked_for_is_left_out_without_docker():
    profiles = {
        name: service["profiles"] for name, service in RAW["services"].items() if "profiles" in service
    }

    assert profiles == {
        "traffic": ["traffic"],
        "restock": ["traffic"],
        "load-balancer": ["rehearsal"],
        "pipeline": ["rehearsal"],
    }
    assert not profiles.keys() & stack().services.keys()


@pytest.mark.parametrize("name", RAW["services"])
def test_every_container_is_hardened_and_bounded(name):
    service = RAW["services"][name]

    assert service["user"] == ("0:0" if name == DRIVES_DOCKER else "10001:10001")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    bounds = {"json-file": ("max-size", "max-file"), "fluentd": ("cache-max-size", "cache-max-file")}
    logging = service["logging"]
    assert [logging["options"][name] for name in bounds[logging["driver"]]] == ["10m", "3"]
    assert (logging["driver"] == "fluentd") == (name in SHOP)
    assert service["mem_limit"]
    assert service["pids_limit"] == 256
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}
    volumes = service.get("volumes", [])
    assert any("docker.sock" in volume for volume in volumes) == (name == DRIVES_DOCKER)


def test_what_drives_docker_shares_no_network_with_the_rehearsals_tasks():
    """Whoever reaches its API can push a commit, whose build runs with the engine's socket."""
    networks = {name: list(service.get("networks", ["default"])) for name, service in RAW["services"].items()}

    assert networks[DRIVES_DOCKER] == ["control"]
    assert {name for name, joined in networks.items() if "control" in joined} == {
        DRIVES_DOCKER,
        "load-balancer",  # passes on what lifecycle hooks ask, and nothing else
        "aws",  # runs nothing that a request brings along
        "console",
    }
    assert RAW["services"][DRIVES_DOCKER]["environment"]["TASK_NETWORK"].endswith("_default")


@pytest.mark.parametrize("name", [name for name in stack().services if name != "seed"])
def test_every_lasting_service_restarts_and_tells_its_health(name):
    service = stack().services[name]

    assert service.restarts
    assert service.healthcheck is not None
    assert service.healthcheck.start_interval <= 1


def test_catalog_waits_until_the_shelf_is_stocked():
    services = stack().services

    assert services["catalog"].depends_on["seed"] == compose.COMPLETED
    assert services["seed"].depends_on["aws"] == compose.HEALTHY


def defaults_in(text):
    """The default of each variable; empty where it is another variable's value, which has its own default."""
    used = {}
    for reference in variables.REFERENCE.finditer(text):
        if reference["name"]:
            default = reference["default"] or ""
            others = defaults_in(default)
            used |= {reference["name"]: "" if others else default, **others}
    return used


def test_variables_and_their_defaults_are_those_of_env_example():
    used = defaults_in(FILE.read_text())
    del used["VARIABLE"]  # of a comment
    text = (ROOT / ".env.example").read_text()
    explained = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.M))

    assert {name: value for name, value in explained.items() if name not in BESIDE} == used
    assert explained.keys() >= BESIDE


def test_env_example_can_be_used_as_it_is(tmp_path):
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    (tmp_path / "docker-compose.yml").write_text(FILE.read_text())

    copied = compose.read(tmp_path / "docker-compose.yml", {})

    assert replace(copied, name="") == replace(stack(), name="")


def test_every_image_is_named_after_the_stack_so_that_clones_share_none():
    images = {service["image"] for service in RAW["services"].values()}

    assert {image.rpartition("-")[0] for image in images} == {"${COMPOSE_PROJECT_NAME}"}
    assert "name" not in RAW


@pytest.mark.parametrize("name", SHOP)
def test_service_gets_every_variable_that_it_reads(name):
    settings = importlib.import_module(f"services.{name}.settings").Settings

    read = {variable.name for variable in read_by(settings).values()} - {"ECS_CONTAINER_METADATA_URI_V4"}

    assert read <= stack().services[name].environment.keys()


@pytest.mark.parametrize("name", SHOP)
def test_image_runs_what_the_compose_file_runs(name):
    dockerfile = (ROOT / "services" / "Dockerfile").read_text()
    command = json.loads(re.search(r"^CMD (.*)$", dockerfile, re.M)[1])

    by_itself = shlex.split(command[2].replace("$SERVICE", name))

    assert command[:2] == ["sh", "-c"]
    assert by_itself == ["exec", *stack().services[name].command]


def test_all_images_are_built_on_the_same_base():
    default = variables.read_dotenv(ROOT / ".env.example")["BASE_IMAGE"]

    for dockerfile in (
        "services/Dockerfile",
        "local/Dockerfile",
        "local/traffic/Dockerfile",
        "console/Dockerfile",
    ):
        assert f"ARG BASE_IMAGE={default}\n" in (ROOT / dockerfile).read_text()


def test_tables_of_the_template_are_those_that_the_services_use():
    template = json.loads((ROOT / "infra" / "cloudformation" / "lantern-data.json").read_text())
    tables = {resource["Properties"]["TableName"]: resource for resource in template["Resources"].values()}
    services = stack().services

    used = {services["catalog"].environment["PRODUCTS_TABLE"], services["orders"].environment["ORDERS_TABLE"]}

    assert tables.keys() == used
    for table in tables.values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["Properties"]["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }


@pytest.mark.requires("docker")
@pytest.mark.parametrize("environ", [{}, {"XRAY_PORT": "2100", "FAULTS": "on", "LOG_LEVEL": ""}])
def test_docker_reads_the_file_as_we_do(environ, tmp_path):
    command = [
        "docker",
        "compose",
        "--file",
        str(FILE),
        "--env-file",
        "/dev/null",
        "config",
        "--format",
        "json",
    ]
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), **environ}
    printed = subprocess.run(command, env=clean, capture_output=True, text=True, check=True).stdout
    config = json.loads(printed)
    theirs = config["services"]

    ours = stack(**environ).services

    assert stack(**environ).name == config["name"]
    assert ours.keys() == theirs.keys()
    for name, service in ours.items():
        assert list(service.command) == theirs[name]["command"]
        assert service.environment == theirs[name]["environment"]
        assert service.restarts == (theirs[name]["restart"] == "unless-stopped")
        assert {(port.container, str(port.published), port.protocol) for port in service.ports} == {
            (port["target"], port["published"], port["protocol"]) for port in theirs[name].get("ports", [])
        }
        assert service.depends_on == {
            needed: entry["condition"] for needed, entry in theirs[name].get("depends_on", {}).items()
        }
        assert (
            list(service.healthcheck.test if service.healthcheck else ())
            == theirs[name].get("healthcheck", {"test": ["CMD"]})["test"][1:]
        )


def test_x_ray_alone_is_made_of_the_services_of_the_shops_file():
    """For a program that isn't Lantern's; the process supervisor reads the file as Docker does."""
    alone = compose.read(ROOT / "docker-compose.x-ray.yml", {}).services
    whole = stack().services

    assert set(alone) == {"xray", "logs", "console", "aws"}
    for name, service in alone.items():
        expected = whole[name].environment | ({"SHOP_URLS": ""} if name == "console" else {})
        assert service == replace(whole[name], environment=expected)


@pytest.mark.requires("docker")
def test_docker_reads_x_ray_alone_as_we_do(tmp_path):
    file = ROOT / "docker-compose.x-ray.yml"
    command = [
        "docker",
        "compose",
        "--file",
        str(file),
        "--env-file",
        "/dev/null",
        "config",
        "--format",
        "json",
    ]
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    printed = subprocess.run(command, env=clean, capture_output=True, text=True, check=True).stdout
    config = json.loads(printed)

    ours = compose.read(file, {})
    assert (ours.name, set(ours.services)) == (config["name"], set(config["services"]))
    for name, service in ours.services.items():
        assert service.environment == config["services"][name]["environment"]
        assert list(service.command) == config["services"][name]["command"]
