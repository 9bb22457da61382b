"""What the labs take from their variables; AWS's addresses and credentials are boto3's own."""

from dataclasses import dataclass
from pathlib import Path

from settings import env, switch, url, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The variables of `make lab` and its like; `make` sets the addresses by the stack's ports."""

    storefront: str = env(
        "STOREFRONT_URL", url, default="http://127.0.0.1:8080", help="where the shop answers"
    )
    catalog: str = env("CATALOG_URL", url, default="http://127.0.0.1:8081", help="where the catalog answers")
    orders: str = env("ORDERS_URL", url, default="http://127.0.0.1:8082", help="where orders answers")
    console: str = env("CONSOLE_URL", url, default="http://127.0.0.1:8000", help="where the console answers")
    aws: str = env(
        "AWS_ENDPOINT_URL", url, default="http://127.0.0.1:4566", help="where the local AWS answers"
    )
    pipeline: str = env(
        "PIPELINE_URL", url, default="http://127.0.0.1:4567", help="where the rehearsals' pipeline answers"
    )
    rehearsed: str = env(
        "REHEARSAL_URL", url, default="http://127.0.0.1:8090", help="where the rehearsed shop answers"
    )
    daemon: str = env(
        "XRAY_DAEMON", str, default="127.0.0.1:2000", help="where X-Ray takes segments over UDP"
    )
    folder: Path = env("LABS_DIR", Path, default=Path(".lantern/labs"), help="where attempts are kept")
    lab: str = env("LAB", str, default="", help="the lab: make lab LAB=01")
    value: str = env("VALUE", str, default="", help="the answer: make answer VALUE=orders")
    seed: int = env("SEED", whole(0, 999_999_999), default=-1, help="which variant of the lab: SEED=7")
    watches: bool = env("WATCH", switch("1", "0"), default=False, help="1: check again until it is solved")
    is_json: bool = env("JSON", switch("1", "0"), default=False, help="1: print JSON")
