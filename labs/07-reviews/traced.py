"""reviews: what customers say about a lantern; asks the catalog for its name. Traced by AWS's X-Ray SDK."""

import os

import requests
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask, Response, jsonify

app = Flask("reviews")
# without sampling=False the SDK traces few requests until it has fetched the sampling rules
xray_recorder.configure(service="reviews", context_missing="IGNORE_ERROR", sampling=False)
patch(("requests",))  # a subsegment for each call, and the trace header on it
XRayMiddleware(app, xray_recorder)  # a segment for each request
CATALOG = os.environ["CATALOG_URL"]
REVIEWS = ("Lit the whole garden.", "Smaller than I thought, brighter than I hoped.")


@app.get("/reviews/<sku>")
def show(sku: str) -> tuple[Response, int]:
    """The reviews of a product."""
    xray_recorder.current_segment().put_annotation("sku", sku)
    answer = requests.get(f"{CATALOG}/products/{sku}", timeout=2)
    if answer.status_code != 200:
        return jsonify(title="No such lantern"), 404
    return jsonify(sku=sku, name=answer.json()["name"], reviews=REVIEWS), 200
