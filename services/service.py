"""Puts a service together from the parts that all three share, in the order in which a request meets them."""

from pathlib import Path
from types import ModuleType

from flask import Blueprint, Flask, Response, current_app

from services import tracing
from services.common import faults as no_faults
from services.common import foreign_pages, health, http, logs, openapi, problems, task
from services.common.http import ServiceClient
from services.common.settings import ServiceSettings
from services.schemas import PATH_SCHEMAS


def new_service(name: str, settings: ServiceSettings, routes: Blueprint) -> Flask:
    """A Flask app called `name`, which is also the name of its segment and of its folder beside this file."""
    folder = Path(__file__).parent / name
    app = Flask(name, root_path=str(folder), static_folder="static" if (folder / "static").is_dir() else None)
    app.extensions["settings"] = settings
    app.extensions["on_start"] = [tracing.start]
    for part in (openapi, logs, task, tracing, http, problems, foreign_pages, health, _faults(settings)):
        part.init_app(app)
    app.register_blueprint(routes)
    app.after_request(_name_version)
    openapi.write_document(app, PATH_SCHEMAS)
    return app


def new_client(app: Flask, name: str, base_url: str) -> ServiceClient:
    """A client of another service; one that can be broken where faults may be injected."""
    if not app.extensions["settings"].faults:
        return ServiceClient(name, base_url)
    from services.faults.client import BreakableClient

    return BreakableClient(name, base_url, app.extensions["faults"])


def _faults(settings: ServiceSettings) -> ModuleType:
    """The room of the faults, which is not even imported where none may be injected."""
    if not settings.faults:
        return no_faults
    from services import faults

    return faults


def _name_version(response: Response) -> Response:
    response.headers["X-Service-Version"] = current_app.extensions["settings"].version
    return response
