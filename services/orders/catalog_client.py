"""The catalog's reservations, as orders uses them."""

from services.common.http import ServiceClient
from services.schemas import Line, Reservation

RELEASED = "reservation-released"  # the catalog's code for a reservation that was given back


class Catalog:
    """Holds stock for an order and gives it back. Both may be repeated; both raise DependencyDown."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def reserve(self, reservation_id: str, lines: list[Line]) -> Reservation:
        """Hold the stock of these lines. Raises RemoteProblem when the catalog refuses."""
        body = {"items": [line.model_dump() for line in lines]}
        answer = self._client.call("PUT", f"/reservations/{reservation_id}", idempotent=True, json=body)
        return Reservation.model_validate(answer.json())

    def release(self, reservation_id: str) -> None:
        """Give the reservation's stock back."""
        self._client.call("DELETE", f"/reservations/{reservation_id}", idempotent=True)
