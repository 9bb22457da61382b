"""Schemathesis against each service's /openapi.json: what it says is what the service does."""

import subprocess
import sys

import pytest

from tests.api.openapi.hooks import LANTERNS
from tests.shop import CLEAN, ROOT, SERVICES

OPTIONS = (
    "--phases examples,coverage,fuzzing --exclude-checks positive_data_acceptance --max-examples 40 "
    "--seed 1 --generation-database none --no-color"
)
LONGEST_S = 60


@pytest.fixture(scope="module", name="stocked_shop")
def _stocked_shop(shop):
    for sku in LANTERNS:
        shop.add_product(sku, stock=10**9)
    return shop


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_answers_as_its_document_says(stocked_shop, name, tmp_path):
    document = f"{stocked_shop[name].url}/openapi.json"

    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", document, *OPTIONS.split()],
        cwd=tmp_path,  # it keeps notes there
        env=CLEAN | {"SCHEMATHESIS_HOOKS": "tests.api.openapi.hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
