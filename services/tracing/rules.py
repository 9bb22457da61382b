"""X-Ray's sampling rules, fetched and followed by the X-Ray SDK's sampler, however the service is traced."""

import threading
import time
from typing import Any

FIRST_RULES_WAIT_S = 1.0
ASK_AGAIN_EVERY_S = 10.0


def fetch(sampler: Any) -> None:
    """Fetch the rules before the first request comes, waiting at most a second for them.

    The SDK would fetch them after its first decision and sample 5 % until then. Called once in each process.
    """
    sampler.start()
    until = time.monotonic() + FIRST_RULES_WAIT_S
    while sampler._cache.last_updated is None and time.monotonic() < until:
        time.sleep(0.01)
    threading.Thread(target=_keep_asking, args=(sampler,), daemon=True, name="xray-rules").start()


def _keep_asking(sampler: Any) -> None:
    """Ask for the rules every ten seconds until they come; after a failure the SDK waits five minutes."""
    while sampler._cache.last_updated is None:
        time.sleep(ASK_AGAIN_EVERY_S)
        sampler._rule_poller.wake_up()
