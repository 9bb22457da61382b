"""Puts a service together from the parts that all three share, in the order in which a request meets them."""

from pathlib import Path

from flask import Blueprint, Flask, Response, current_app

from services import tracing
from services.common import faults, foreign_pages, health, http, logs, openapi, problems
from services.common.settings import ServiceSettings


def new_service(name: str, settings: ServiceSettings, routes: Blueprint) -> Flask:
    """A Flask app called `name`, which is also the name of its segment and of its folder beside this file."""
    folder = Path(__file__).parent / name
    app = Flask(name, root_path=str(folder), static_folder="static" if (folder / "static").is_dir() else None)
    app.extensions["settings"] = settings
    app.extensions["on_start"] = [tracing.start]
    for part in (openapi, logs, tracing, http, problems, foreign_pages, health, faults):
        part.init_app(app)
    app.register_blueprint(routes)
    app.after_request(_name_version)
    openapi.write_document(app)
    return app


def _name_version(response: Response) -> Response:
    response.headers["X-Service-Version"] = current_app.extensions["settings"].version
    return response
