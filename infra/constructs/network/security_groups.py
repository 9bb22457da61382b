"""The security groups, and the only list of who may open a connection to whom."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.shop import CONTAINER_PORT, SERVICES

ANYWHERE = "0.0.0.0/0"
HTTPS = 443

Rule = ec2.CfnSecurityGroup.EgressProperty


class SecurityGroups(Construct):
    """One group for each party. What goes in is named by group; what goes out, by port within the network.

    The rules that name a group are resources of their own, because the groups name each other in a circle.
    """

    def __init__(self, scope: Construct, *, vpc: ec2.CfnVPC, cidr: str) -> None:
        super().__init__(scope, "security_groups")
        self._vpc, self._cidr = vpc, cidr
        production = [service.production_port for service in SERVICES if not service.public]
        tests = [service.test_port for service in SERVICES]
        self.groups = {
            "PublicLoadBalancer": self._group(
                "PublicLoadBalancer", "the public load balancer", [CONTAINER_PORT]
            ),
            "InternalLoadBalancer": self._group(
                "InternalLoadBalancer", "the load balancer between the services", [CONTAINER_PORT]
            ),
            "Hook": self._group("Hook", "the lifecycle hook that tries new versions", tests, aws=True),
            "Endpoints": self._group("Endpoints", "the endpoints to AWS", [HTTPS]),
        }
        for service in SERVICES:
            self.groups[service.name.title()] = self._group(
                service.name.title(),
                f"the tasks of {service.name}",
                production if service.calls else [],
                aws=True,
            )
        self._allow_customers()
        self._allow_each_other()

    def _group(self, name: str, whose: str, ports: list[int], *, aws: bool = False) -> ec2.CfnSecurityGroup:
        """`aws` is HTTPS to anywhere: DynamoDB and S3 have public addresses behind a gateway endpoint too."""
        within = [
            Rule(
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ip=self._cidr,
                description=f"port {port} within the network",
            )
            for port in ports
        ]
        out = Rule(
            ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, cidr_ip=ANYWHERE, description="AWS APIs"
        )
        return ec2.CfnSecurityGroup(
            self,
            f"{name}Firewall",
            vpc_id=self._vpc.ref,
            group_description=f"Lantern: {whose}",
            security_group_egress=[*within, *([out] if aws else [])],
        )

    def _allow_customers(self) -> None:
        for port in (80, HTTPS):
            ec2.CfnSecurityGroupIngress(
                self,
                f"CustomersToPublicLoadBalancer{port}",
                group_id=self.groups["PublicLoadBalancer"].attr_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ip=ANYWHERE,
                description="customers",
            )

    def _allow_each_other(self) -> None:
        for service in SERVICES:
            name = service.name.title()
            balancer = "PublicLoadBalancer" if service.public else "InternalLoadBalancer"
            self._allow(balancer, name, CONTAINER_PORT)
            self._allow("Hook", balancer, service.test_port)
            self._allow(name, "Endpoints", HTTPS)
            for callee in (other for other in SERVICES if other.name in service.calls):
                self._allow(name, "InternalLoadBalancer", callee.production_port)
        self._allow("Hook", "Endpoints", HTTPS)

    def _allow(self, source: str, target: str, port: int) -> None:
        ec2.CfnSecurityGroupIngress(
            self,
            f"{source}To{target}{port}",
            group_id=self.groups[target].attr_group_id,
            source_security_group_id=self.groups[source].attr_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{source} to {target}",
        )
