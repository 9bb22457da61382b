"""The catalog as orders sees it: a place that holds stock for an order and takes it back."""

from services.common.http import ServiceClient
from services.common.problems import DependencyDown, RemoteProblem
from services.schemas import Line, Reservation

RELEASED = "reservation-released"  # the catalog's code for a reservation that was given back


class Catalog:
    """Raises DependencyDown when the catalog does not answer."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def reserve(self, reservation_id: str, lines: list[Line]) -> Reservation:
        """Hold stock. Raises RemoteProblem with the catalog's own words when it refuses."""
        body = {"items": [line.model_dump() for line in lines]}
        answer = self._client.call("PUT", f"/reservations/{reservation_id}", json=body)
        if answer.status_code >= 400:
            raise RemoteProblem(answer.json(), answer.status_code)
        return Reservation.model_validate(answer.json())

    def release(self, reservation_id: str) -> None:
        """Give stock back; repeating it changes nothing."""
        answer = self._client.call("DELETE", f"/reservations/{reservation_id}")
        if answer.status_code != 204:
            raise DependencyDown("catalog", f"catalog answered {answer.status_code} to a release")
