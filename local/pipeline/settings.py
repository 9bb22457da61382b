"""The runner's settings, from environment variables. Everything about the shop comes from the templates."""

from dataclasses import dataclass
from pathlib import Path

from local.awsapi.account import REGION
from local.pipeline.clock import DEFAULT_SCALE, MOST_SCALE
from settings import env, number, switch, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses in the containers' network and on the machine, and how the rehearsal runs."""

    host: str = env("HOST", str, default="127.0.0.1", help="address to listen on")
    port: int = env("PORT", whole(1, 65535), default=4567, help="port to listen on")
    state: Path = env(
        "STATE_DIR", Path, default=Path(".lantern/state/pipeline"), help="where the journal is kept"
    )
    scale: float = env(
        "TIME_SCALE",
        number(1, MOST_SCALE),
        default=DEFAULT_SCALE,
        help="how many simulated seconds pass in one real second",
    )
    approval: bool = env(
        "APPROVAL",
        switch("yes", "no"),
        default=False,
        help="whether a person must agree before anything is deployed",
    )
    network: str = env(
        "TASK_NETWORK", str, default="lantern_default", help="Docker network that the tasks join"
    )
    project: str = env(
        "PROJECT", str, default="lantern", help="name of the stack, label of all containers that are started"
    )
    registry: str = env(
        "ECR_REGISTRY", str, default="127.0.0.1:4566", help="the registry, as the Docker engine reaches it"
    )
    logs_address: str = env(
        "LOGS_ADDRESS",
        str,
        default="127.0.0.1:24224",
        help="the log agent, as the Docker engine reaches it",
    )
    aws_url: str = env(
        "AWS_ENDPOINT_URL", str, default="http://aws:4566", help="the local AWS, as tasks reach it"
    )
    xray_url: str = env(
        "XRAY_URL", str, default="http://xray:2000", help="the local X-Ray, as tasks reach it"
    )
    hook_url: str = env(
        "HOOK_URL",
        str,
        default="http://load-balancer:4567",
        help="what passes a hook's requests on, and tells a task its id, as functions and tasks reach it",
    )
    trace_url: str = env(
        "TRACE_URL",
        str,
        default="http://127.0.0.1:8000/traces/{trace_id}",
        help="address of a trace's page, with {trace_id} in it",
    )
    faults: bool = env("FAULTS", switch("on", "off"), default=False, help="on: tasks may bear faults")
    build_image: str = env("BUILD_IMAGE", str, default="lantern-pipeline", help="image that builds run in")

    def aws_environment(self, access_key_id: str) -> dict[str, str]:
        """The endpoint, region and credentials of the local AWS, for a build, a function or a task."""
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
