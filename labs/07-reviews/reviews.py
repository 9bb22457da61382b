"""reviews: what customers say about a lantern; asks the catalog for its name."""

import os

import requests
from flask import Flask, Response, jsonify

app = Flask("reviews")
CATALOG = os.environ["CATALOG_URL"]
REVIEWS = ("Lit the whole garden.", "Smaller than I thought, brighter than I hoped.")


@app.get("/reviews/<sku>")
def show(sku: str) -> tuple[Response, int]:
    """The reviews of a product."""
    answer = requests.get(f"{CATALOG}/products/{sku}", timeout=2)
    if answer.status_code != 200:
        return jsonify(title="No such lantern"), 404
    return jsonify(sku=sku, name=answer.json()["name"], reviews=REVIEWS), 200
