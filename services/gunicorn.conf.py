"""How gunicorn runs a service, on a laptop and in a container: one process with many threads.

More capacity means more tasks: an autoscaler counts them, and a trainee sees them on the service map.
"""

import importlib
import logging
import logging.config
import os
import sys
from typing import Any

from services.common import logs
from settings import SettingsError, load

# gunicorn --config services/gunicorn.conf.py "services.orders.app:create_app()"
SERVICE = sys.argv[-1].split(":")[0].split(".")[1]

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8080')}"
worker_class = "gthread"
workers = 1
threads = 16
backlog = 1024
control_socket_disable = True  # three services would fight for one socket, and a container may not write it
keepalive = 75  # longer than a load balancer's idle timeout of 60 s, so that the balancer closes first
timeout = 30
graceful_timeout = 10
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  heartbeats must not wait for a disk
logconfig_dict = logs.config(
    SERVICE, os.environ.get("SERVICE_VERSION") or "dev", os.environ.get("LOG_LEVEL", "")
)


def on_starting(_server: Any) -> None:
    """Refuse to start with wrong settings, naming each variable, before any worker exists."""
    try:
        load(importlib.import_module(f"services.{SERVICE}.settings").Settings)
    except SettingsError as error:
        logging.getLogger("services").critical("%s cannot start: %s", SERVICE, error)
        sys.exit(3)


def post_worker_init(worker: Any) -> None:
    """Start the threads that run beside the requests; those of the time before the fork would be lost."""
    for start in worker.wsgi.extensions["on_start"]:
        start()
