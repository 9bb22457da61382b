"""How many log lines a second the agent carries into the local CloudWatch Logs. Asserts nothing."""

import json
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil

from local.processes import forwarding
from tests.api.cloudwatch.test_delivery import SENDERS, start_agent, texts, total
from tests.ports import free_port
from tests.shop import CLEAN, Part
from tests.waiting import wait_until

RATE, SECONDS = 10_000, 10


def main() -> None:
    """Ten thousand lines a second for ten seconds, as the three services write them."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        environ = {**CLEAN, "PORT": str(port), "STATE_DIR": str(folder / "state")}
        aws = Part("aws", [sys.executable, "-m", "local.ministack"], environ, folder / "aws.log", port)
        aws.start()
        wait_until(lambda: aws.answers("/_lantern/health"), 20)
        agent = start_agent(aws.url, folder)
        try:
            _measure(aws, agent)
        finally:
            agent.stop()
            aws.stop()


def _measure(aws: Part, agent: Part) -> None:
    assert agent.process is not None
    sockets = {name: socket.create_connection(("127.0.0.1", agent.port)) for name in SENDERS}
    began = time.monotonic()
    for n in range(0, RATE * SECONDS, 300):
        for name, connection in sockets.items():
            lines = (_line(k) for k in range(n // 3, n // 3 + 100))
            connection.sendall(forwarding.message(name, "bench", *lines))
        time.sleep(max(0.0, began + n / RATE - time.monotonic()))
    sent_s, share = time.monotonic() - began, psutil.Process(agent.process.pid).cpu_times()
    sent = len(range(0, RATE * SECONDS, 300)) * 300
    for connection in sockets.values():
        connection.close()
    wait_until(lambda: _sum(aws, "Delivered") + _sum(aws, "Dropped") >= sent, 60)
    print(
        f"lines sent                                {sent:8d} in {sent_s:.1f} s, {len(_line(1))} bytes each"
    )
    delivered, dropped = (_sum(aws, name) for name in ("Delivered", "Dropped"))
    print(f"delivered · dropped                       {delivered:8.0f} · {dropped:.0f}")
    in_order = all((numbers := _numbers(aws, name)) == sorted(numbers) for name in SENDERS)
    print(f"in order in each group                    {in_order!s:>8}")
    share_percent = 100 * (share.user + share.system) / sent_s
    print(f"the agent's share of a core               {share_percent:8.0f} %")
    for part in (agent, aws):
        assert part.process is not None
        resident_mb = psutil.Process(part.process.pid).memory_info().rss / 1e6
        print(f"memory of {part.name:<6}                          {resident_mb:8.0f} MB")


def _line(number: int) -> str:
    return json.dumps(
        {"level": "INFO", "service": "orders", "message": "POST /orders 201", "n": number, "pad": "x" * 300}
    )


def _sum(aws: Part, name: str) -> float:
    return float(sum(total(aws, name, service) for service in SENDERS))


def _numbers(aws: Part, service: str) -> list[int]:
    return [json.loads(text)["n"] for text in texts(aws, service)]


if __name__ == "__main__":
    main()
