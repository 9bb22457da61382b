"""Who reaches whom: Kubernetes' rules for NetworkPolicies, computed, so that the answer needs no cluster.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from infra.shop import CONTAINER_PORT, PROJECT, SERVICES, XRAY_CONTAINER, XRAY_PORT

Manifest = dict[str, Any]
Labels = dict[str, str]
Port = tuple[str, int]  # protocol and number

NAME = "app.kubernetes.io/name"
HTTP: Port = ("TCP", CONTAINER_PORT)
TRACING: tuple[Port, ...] = (("UDP", XRAY_PORT), ("TCP", XRAY_PORT))  # segments, and sampling rules
DNS: tuple[Port, ...] = (("UDP", 53), ("TCP", 53))
HTTPS, CREDENTIALS = ("TCP", 443), ("TCP", 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One end of a connection: a pod by its labels and namespace, or an address outside of the cluster."""

    name: str
    namespace: str = ""
    labels: Labels = field(default_factory=dict, hash=False)
    address: str = ""
    listens: tuple[Port, ...] = ()


# One of each kind of stranger; the load balancer's address is in a public subnet of lantern-network
OUTSIDE = (
    Peer(name="load balancer", address="10.20.1.5"),
    Peer(name="stranger", namespace="somebody-else", labels={NAME: "storefront"}, address="10.20.10.9"),
    Peer(name="dns", namespace="kube-system", labels={"k8s-app": "kube-dns"}, listens=DNS),
    Peer(name="dns of auto mode", address="172.20.0.10", listens=DNS),
    Peer(name="pod identity", address="169.254.170.23", listens=(CREDENTIALS,)),
    Peer(name="instance metadata", address="169.254.169.254", listens=(CREDENTIALS,)),
    Peer(name="aws", address="52.94.5.1", listens=(HTTPS,)),
    Peer(name="internet", address="198.51.100.7", listens=(("TCP", 80), ("TCP", 22), *DNS)),
)


def problems(deployments: list[Manifest], policies: list[Manifest], *, has_customers: bool) -> list[str]:
    """The policies allow the shop's own calls and nothing else."""
    pods = [
        Peer(
            name=one["metadata"]["name"],
            namespace=PROJECT,
            labels=labels_of(one),
            address=f"10.20.10.{100 + number}",
            listens=TRACING if labels_of(one).get(NAME) == XRAY_CONTAINER else (HTTP,),
        )
        for number, one in enumerate(deployments)
    ]
    inside = {peer.name for peer in pods}
    seen = {edge for edge in edges(policies, [*pods, *OUTSIDE]) if {edge[0], edge[1]} & inside}
    expected = {edge for pod in pods for edge in _expected(pod, pods, has_customers)}
    return [
        *(f"NetworkPolicy: {_say(edge)} is allowed, expected not" for edge in sorted(seen - expected)),
        *(f"NetworkPolicy: {_say(edge)} is not allowed, expected so" for edge in sorted(expected - seen)),
    ]


def labels_of(deployment: Manifest) -> Labels:
    """The labels of a Deployment's pods."""
    labels: Labels = deployment["spec"]["template"]["metadata"].get("labels", {})
    return labels


def _say(edge: tuple[str, str, Port]) -> str:
    source, target, (protocol, number) = edge
    return f"{source} to {target} ({number}/{protocol.lower()})"


def _expected(pod: Peer, pods: list[Peer], has_customers: bool) -> set[tuple[str, str, Port]]:
    service = next((one for one in SERVICES if one.name == pod.labels.get(NAME)), None)
    found = {(pod.name, name, port) for name in ("dns", "dns of auto mode") for port in DNS}
    if service is None or service.table:
        found |= {(pod.name, "aws", HTTPS), (pod.name, "pod identity", CREDENTIALS)}
    if service is None:
        return found
    found |= {(pod.name, XRAY_CONTAINER, port) for port in TRACING}
    found |= {(pod.name, other.name, HTTP) for other in pods if other.labels.get(NAME) in service.calls}
    if service.public and has_customers:
        found.add(("load balancer", pod.name, HTTP))
    return found


def edges(policies: list[Manifest], peers: list[Peer]) -> set[tuple[str, str, Port]]:
    """(from, to, port) for each connection that the policies allow between two of the peers."""
    return {
        (source.name, target.name, port)
        for source in peers
        for target in peers
        for port in target.listens
        if (source.name != target.name)
        and _allows(policies, "egress", source, target, port)
        and _allows(policies, "ingress", target, source, port)
    }


def selects(selector: dict[str, Any], labels: Labels) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _matches(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _matches(expression: dict[str, Any], labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"unknown operator {expression['operator']!r} in a label selector")


def _allows(policies: list[Manifest], way: str, pod: Peer, other: Peer, port: Port) -> bool:
    """Whether `pod` may send to (egress) or receive from (ingress) `other`; without a policy it may."""
    if not pod.namespace:
        return True
    chosen = [policy for policy in policies if _applies(policy, way, pod)]
    return not chosen or any(
        _rule_allows(rule, way, policy["metadata"]["namespace"], other, port)
        for policy in chosen
        for rule in policy["spec"].get(way) or []
    )


def _applies(policy: Manifest, way: str, pod: Peer) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    same = policy["metadata"]["namespace"] == pod.namespace
    return same and way.title() in types and selects(spec.get("podSelector") or {}, pod.labels)


def _rule_allows(rule: dict[str, Any], way: str, namespace: str, other: Peer, port: Port) -> bool:
    """Nothing said about ports or peers means all of them."""
    ports, others = rule.get("ports"), rule.get("to" if way == "egress" else "from")
    return (not ports or any(_is_port(entry, port) for entry in ports)) and (
        not others or any(_is_peer(entry, namespace, other) for entry in others)
    )


def _is_port(entry: dict[str, Any], port: Port) -> bool:
    protocol, number = port
    first = entry.get("port")
    if entry.get("protocol", "TCP") != protocol:
        return False
    if isinstance(first, str):
        raise ValueError(f"port {first!r} has a name; write its number, so that the rule reads by itself")
    return first is None or first <= number <= entry.get("endPort", first)


def _is_peer(entry: dict[str, Any], namespace: str, other: Peer) -> bool:
    if block := entry.get("ipBlock"):
        return bool(other.address) and _within(other.address, block)
    if not other.namespace:
        return False
    if (chosen := entry.get("namespaceSelector")) is None:
        same = other.namespace == namespace
    else:
        same = selects(chosen, {"kubernetes.io/metadata.name": other.namespace})
    return same and selects(entry.get("podSelector") or {}, other.labels)


def _within(address: str, block: dict[str, Any]) -> bool:
    here = ipaddress.ip_address(address)
    return here in ipaddress.ip_network(block["cidr"]) and not any(
        here in ipaddress.ip_network(hole) for hole in block.get("except", [])
    )
