"""The security groups: the only list of who may open a connection to whom."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.network.vpc import CIDR
from infra.shop import CONTAINER_PORT, SERVICES

HTTP, HTTPS = 80, 443


class SecurityGroups(Construct):
    """One security group for each load balancer, each service, the smoke test and the VPC endpoints.

    Ingress names the source's group; egress names ports within the network. The ingress rules are resources
    of their own, because the groups refer to each other in a circle.
    """

    def __init__(self, scope: Construct, *, vpc: ec2.IVpc) -> None:
        super().__init__(scope, "security_groups")
        self._vpc = vpc
        internal_ports = [service.production_port for service in SERVICES if not service.public]
        test_ports = [service.test_port for service in SERVICES]
        self.groups = {
            "PublicLoadBalancer": self._group(
                "PublicLoadBalancer", "the public load balancer", [CONTAINER_PORT]
            ),
            "InternalLoadBalancer": self._group(
                "InternalLoadBalancer", "the load balancer between the services", [CONTAINER_PORT]
            ),
            "Hook": self._group(
                "Hook", "the lifecycle hook that tries new versions", test_ports, calls_aws=True
            ),
            "Endpoints": self._group("Endpoints", "the endpoints to AWS", [HTTPS]),
        }
        for service in SERVICES:
            self.groups[service.name.title()] = self._group(
                service.name.title(),
                f"the tasks of {service.name}",
                internal_ports if service.calls else [],
                calls_aws=True,
            )
        self._allow_customers()
        self._allow_between_groups()

    def id_of(self, name: str) -> str:
        """The id of the group with this name, e.g. `Catalog` or `PublicLoadBalancer`."""
        return self.groups[name].security_group_id

    def _group(
        self, name: str, members: str, ports: list[int], *, calls_aws: bool = False
    ) -> ec2.SecurityGroup:
        """A group that may connect to `ports` within the network, and with `calls_aws` to HTTPS anywhere.

        Anywhere, because DynamoDB and S3 have public addresses behind a gateway endpoint too.
        """
        group = ec2.SecurityGroup(
            self,
            f"{name}SecurityGroup",
            vpc=self._vpc,
            description=f"Lantern: {members}",
            allow_all_outbound=False,
        )
        for port in ports:
            group.add_egress_rule(ec2.Peer.ipv4(CIDR), ec2.Port.tcp(port), f"port {port} within the network")
        if calls_aws:
            group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS APIs")
        return group

    def _allow_customers(self) -> None:
        for port in (HTTP, HTTPS):
            self._ingress(
                f"CustomersToPublicLoadBalancer{port}",
                "PublicLoadBalancer",
                port,
                description="customers",
                cidr_ip="0.0.0.0/0",
            )

    def _allow_between_groups(self) -> None:
        for service in SERVICES:
            name = service.name.title()
            balancer = "PublicLoadBalancer" if service.public else "InternalLoadBalancer"
            self._allow(balancer, name, CONTAINER_PORT)
            self._allow("Hook", balancer, service.test_port)
            self._allow(name, "Endpoints", HTTPS)
            for callee in (callee for callee in SERVICES if callee.name in service.calls):
                self._allow(name, "InternalLoadBalancer", callee.production_port)
        self._allow("Hook", "Endpoints", HTTPS)

    def _allow(self, source: str, target: str, port: int) -> None:
        self._ingress(
            f"{source}To{target}{port}",
            target,
            port,
            description=f"{source} to {target}",
            source_security_group_id=self.id_of(source),
        )

    def _ingress(self, rule: str, target: str, port: int, **source: str) -> None:
        ec2.CfnSecurityGroupIngress(
            self,
            rule,
            group_id=self.id_of(target),
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            **source,
        )
