"""Where each service's traffic goes, as the journal keeps it and as the load balancer is told."""

from dataclasses import dataclass

from local.pipeline.architecture import Architecture
from local.pipeline.journal import Journal, Records
from local.pipeline.load_balancing.load_balancer import LoadBalancer


@dataclass(slots=True)
class ServiceTraffic:
    """A service's primary task set, and the target groups behind its two listeners."""

    name: str
    primary: str  # id of the task set, empty before the first
    production: dict[str, int]  # target group → percent of the requests
    test: str  # target group


class TrafficDirector:
    """Changes are kept at once and take effect with the next `look`."""

    def __init__(self, architecture: Architecture, journal: Journal, load_balancer: LoadBalancer) -> None:
        self._groups, self._load_balancer = architecture.groups, load_balancer
        self._records = Records(journal, "service", ServiceTraffic)

    def get(self, name: str) -> ServiceTraffic:
        """Return a service's traffic; before the first deployment it is as the templates say."""
        group = self._groups[name]
        return self._records.get(name) or ServiceTraffic(
            name, "", {group.production.target_group: 100}, group.test.target_group
        )

    def put(self, traffic: ServiceTraffic) -> None:
        """Change a service's traffic."""
        self._records.put(traffic.name, traffic)

    def look(self) -> None:
        """Set the weights of every listener. Raises LoadBalancerError."""
        for group in self._groups.values():
            traffic = self.get(group.name)
            self._load_balancer.set_weights(group.production.name, traffic.production)
            self._load_balancer.set_weights(group.test.name, {traffic.test: 100})
