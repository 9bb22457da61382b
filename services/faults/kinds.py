"""Which faults there are, and which services bear each of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. A service bears it when it is named, or by default when no service is named."""

    summary: str
    percent: float  # how much of it, when nobody says
    by_default: tuple[str, ...]
    when_named: tuple[str, ...] = ()
    sku: str = ""  # of the product that it is about, when nobody says
    is_of_task: bool = False  # only a service that runs as an ECS task bears it

    @property
    def bearers(self) -> tuple[str, ...]:
        """All services that can bear it."""
        return self.by_default + self.when_named


KINDS = {
    "slow-dependency": Kind(
        "a share of the requests takes 1.5 s ± 0.5", 30, ("catalog",), ("orders", "storefront")
    ),
    "bad-product": Kind(
        "each request about one product fails", 100, ("catalog",), ("orders",), sku="bamboo-festival-lantern"
    ),
    "n-plus-one": Kind("the shelf is fetched product by product", 100, ("storefront",)),
    "retry-storm": Kind(
        "the catalog fails a share of its requests, and the storefront tries five times at once",
        50,
        ("catalog", "storefront"),
    ),
    "lost-header": Kind("calls to other services carry no trace header", 100, ("storefront",)),
    "dependency-unreachable": Kind("the catalog's address answers nobody", 100, ("storefront", "orders")),
    "slow-network": Kind(
        "each call to the catalog waits 0.4 s on the wire", 100, ("orders",), ("storefront",)
    ),
    "leak": Kind(
        "the process keeps 4 MB of a share of the requests, and is killed at 96 MB",
        50,
        ("catalog",),
        ("orders", "storefront"),
    ),
    "sick-task": Kind(
        "this task fails each request, and others of its service do not",
        100,
        (),
        ("catalog", "orders", "storefront"),
        is_of_task=True,
    ),
}
