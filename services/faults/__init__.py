"""The faults that a service can inject, to be seen in traces, logs and metrics; imported with FAULTS=on only.

`kinds` says which there are, `injected` which are on, `routes` is /faults; `requests` breaks what comes in,
`client` what goes out.
"""

from pathlib import Path

from flask import Flask

from services.faults import requests
from services.faults.injected import Injected
from services.faults.routes import routes

__all__ = ["init_app"]


def init_app(app: Flask) -> None:
    """Offer /faults, and inject what is set there; what was on before a restart still is."""
    folder = app.extensions["settings"].faults_dir
    app.extensions["faults"] = Injected(Path(folder) / f"{app.name}.json" if folder else None)
    app.register_blueprint(routes)
    requests.init_app(app)
