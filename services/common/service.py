"""Puts a service together: everything that all three have, in the order in which a request meets it."""

import os
from typing import Any

from flask import Blueprint, Flask, Response, current_app

from services.common import faults, health, http, logs, metrics, openapi, problems, tracing


def new_service(name: str, settings: Any, routes: Blueprint) -> Flask:
    """A Flask app called `name`, which is also its segment's name and its folder beside this one."""
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), name)
    app = Flask(name, root_path=folder, static_folder="static" if os.path.isdir(f"{folder}/static") else None)
    app.extensions["settings"] = settings
    app.extensions["on_start"] = [tracing.start]
    for part in (openapi, logs, tracing, metrics, http, problems, health, faults):
        part.init_app(app)
    app.register_blueprint(routes)
    app.after_request(_name_version)
    openapi.write_document(app)
    return app


def _name_version(response: Response) -> Response:
    response.headers["X-Service-Version"] = current_app.extensions["settings"].version
    return response
