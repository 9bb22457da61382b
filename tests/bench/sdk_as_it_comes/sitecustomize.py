"""First on a service's PYTHONPATH, this traces it as the guide has it, without what Lantern adds.

https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-middleware.html
"""

import sys
from types import ModuleType


def _init_app(app):
    from aws_xray_sdk.core import patch, xray_recorder
    from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
    from flask import g

    from services.common import logs

    xray_recorder.configure(service=app.name, context_missing="LOG_ERROR")
    patch(("requests", "botocore"))
    XRayMiddleware(app, xray_recorder)

    def identify():
        segment = xray_recorder.current_segment()
        g.trace_id = segment.trace_id
        logs.identify(segment.trace_id, segment.id, is_sampled=segment.sampled)
        segment.put_annotation("version", app.extensions["settings"].version)

    app.before_request(identify)


def _annotate(key, value):
    from aws_xray_sdk.core import xray_recorder

    xray_recorder.current_segment().put_annotation(key, value)


def _install():
    from services import tracing
    from services.tracing import off

    way = ModuleType("services.tracing.xray")
    way.init_app, way.annotate, way.start = _init_app, _annotate, lambda: None
    way.background_segment, way.untraced = off.background_segment, off.untraced
    sys.modules[way.__name__] = tracing.xray = way


if any(word.endswith("gunicorn") for word in sys.orig_argv):
    _install()
