"""Which ECS task this process belongs to, by ECS's metadata endpoint; on a laptop without tasks, none.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

import json
import logging
import urllib.request

from flask import Flask, current_app

TIMEOUT_S = 2.0

log = logging.getLogger(__name__)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def init_app(app: Flask) -> None:
    """Learn the task's id when the process starts."""
    app.extensions["task"] = ""
    if url := app.extensions["settings"].metadata_url:
        app.extensions["on_start"].append(lambda: _learn(app, url))


def current() -> str:
    """The id of this process's task, "" where there is none."""
    return str(current_app.extensions.get("task", ""))


def _learn(app: Flask, url: str) -> None:
    try:
        with _opener.open(f"{url}/task", timeout=TIMEOUT_S) as answer:
            app.extensions["task"] = json.load(answer)["TaskARN"].rpartition("/")[2]
    except (OSError, ValueError, LookupError) as error:
        log.warning("The task's id is unknown, for ECS's metadata do not answer: %s", error)
