"""Computes by Kubernetes' rules which connections the NetworkPolicies of infra/eks allow, without a cluster.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from infra.shop import CONTAINER_PORT, PROJECT, SERVICES, XRAY_CONTAINER, XRAY_PORT

Manifest = dict[str, Any]
Labels = dict[str, str]
Port = tuple[str, int]  # protocol and number
Edge = tuple[str, str, Port]  # a connection: names of source and target, and the target's port

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


# Peers that are no pods of the shop; the load balancer's address is in a public subnet of lantern-network
OUTSIDE = (
    Peer(name="load balancer", address="10.20.1.5"),
    Peer(name="stranger", namespace="somebody-else", labels={NAME: "storefront"}, address="10.20.2.9"),
    Peer(name="dns", namespace="kube-system", labels={"k8s-app": "kube-dns"}, listens=DNS),
    Peer(name="dns of auto mode", address="172.20.0.10", listens=DNS),
    Peer(name="pod identity", address="169.254.170.23", listens=(CREDENTIALS,)),
    Peer(name="instance metadata", address="169.254.169.254", listens=(CREDENTIALS,)),
    Peer(name="aws", address="52.94.5.1", listens=(HTTPS,)),
    Peer(name="internet", address="198.51.100.7", listens=(("TCP", 80), ("TCP", 22), *DNS)),
)


def problems(deployments: list[Manifest], policies: list[Manifest], *, has_customers: bool) -> list[str]:
    """Connections that are allowed and not needed, and connections that are needed and not allowed."""
    pods = [
        Peer(
            name=deployment["metadata"]["name"],
            namespace=PROJECT,
            labels=labels_of(deployment),
            address=f"10.20.2.{100 + number}",
            listens=TRACING if labels_of(deployment).get(NAME) == XRAY_CONTAINER else (HTTP,),
        )
        for number, deployment in enumerate(deployments)
    ]
    names = {pod.name for pod in pods}
    allowed = {edge for edge in edges(policies, [*pods, *OUTSIDE]) if {edge[0], edge[1]} & names}
    needed = {edge for pod in pods for edge in _needed(pod, pods, has_customers)}
    return [
        *(f"NetworkPolicy: {_words(edge)} is allowed, expected not" for edge in sorted(allowed - needed)),
        *(f"NetworkPolicy: {_words(edge)} is not allowed, expected so" for edge in sorted(needed - allowed)),
    ]


def labels_of(deployment: Manifest) -> Labels:
    """The labels of a Deployment's pods."""
    labels: Labels = deployment["spec"]["template"]["metadata"].get("labels", {})
    return labels


def _words(edge: Edge) -> str:
    source, target, (protocol, number) = edge
    return f"{source} to {target} ({number}/{protocol.lower()})"


def _needed(pod: Peer, pods: list[Peer], has_customers: bool) -> set[Edge]:
    service = next((service for service in SERVICES if service.name == pod.labels.get(NAME)), None)
    edges = {(pod.name, name, port) for name in ("dns", "dns of auto mode") for port in DNS}
    if service is None or service.table:
        edges |= {(pod.name, "aws", HTTPS), (pod.name, "pod identity", CREDENTIALS)}
    if service is None:
        return edges
    edges |= {(pod.name, XRAY_CONTAINER, port) for port in TRACING}
    edges |= {(pod.name, callee.name, HTTP) for callee in pods if callee.labels.get(NAME) in service.calls}
    if service.public and has_customers:
        edges.add(("load balancer", pod.name, HTTP))
    return edges


def edges(policies: list[Manifest], peers: list[Peer]) -> set[Edge]:
    """The connections that the policies allow between two of the peers."""
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
    match_labels = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in match_labels.items()) and all(
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


def _allows(policies: list[Manifest], direction: str, pod: Peer, peer: Peer, port: Port) -> bool:
    """Whether `pod` may send to (egress) or receive from (ingress) `peer`; without a policy it may."""
    if not pod.namespace:
        return True
    chosen = [policy for policy in policies if _applies(policy, direction, pod)]
    return not chosen or any(
        _rule_allows(rule, direction, policy["metadata"]["namespace"], peer, port)
        for policy in chosen
        for rule in policy["spec"].get(direction) or []
    )


def _applies(policy: Manifest, direction: str, pod: Peer) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    same = policy["metadata"]["namespace"] == pod.namespace
    return same and direction.title() in types and selects(spec.get("podSelector") or {}, pod.labels)


def _rule_allows(rule: dict[str, Any], direction: str, namespace: str, peer: Peer, port: Port) -> bool:
    """A rule without ports is for all ports, one without peers for all peers."""
    ports, peers = rule.get("ports"), rule.get("to" if direction == "egress" else "from")
    return (not ports or any(_is_port(entry, port) for entry in ports)) and (
        not peers or any(_is_peer(entry, namespace, peer) for entry in peers)
    )


def _is_port(entry: dict[str, Any], port: Port) -> bool:
    protocol, number = port
    first = entry.get("port")
    if entry.get("protocol", "TCP") != protocol:
        return False
    if isinstance(first, str):
        raise ValueError(f"port {first!r} has a name; write its number, so that the rule reads by itself")
    return first is None or first <= number <= entry.get("endPort", first)


def _is_peer(entry: dict[str, Any], namespace: str, peer: Peer) -> bool:
    if block := entry.get("ipBlock"):
        return bool(peer.address) and _within(peer.address, block)
    if not peer.namespace:
        return False
    if (chosen := entry.get("namespaceSelector")) is None:
        same = peer.namespace == namespace
    else:
        same = selects(chosen, {"kubernetes.io/metadata.name": peer.namespace})
    return same and selects(entry.get("podSelector") or {}, peer.labels)


def _within(address: str, block: dict[str, Any]) -> bool:
    ip = ipaddress.ip_address(address)
    return ip in ipaddress.ip_network(block["cidr"]) and not any(
        ip in ipaddress.ip_network(excepted) for excepted in block.get("except", [])
    )
