"""Which node of a map is named as the place where failures begin."""

from console.service_map.diagnosis import origins_of, slowest_of
from console.service_map.graph import graph_of
from tests.unit.console.service_map.test_graph import service


def call(target, total, fault=0, seconds=1.0):
    summary = {
        "OkCount": total - fault,
        "FaultStatistics": {"TotalCount": fault},
        "TotalCount": total,
        "TotalResponseTime": seconds,
    }
    return {"ReferenceId": target, "SummaryStatistics": summary}


def shop(catalog_faults=0, table_faults=0, orders_own=0):
    """A map of the shop: storefront calls orders and catalog, orders calls catalog, catalog its table."""
    return graph_of(
        [
            service(0, "storefront", "client", edges=[call(1, 100, catalog_faults + orders_own)]),
            service(
                1,
                "storefront",
                ok=100 - catalog_faults - orders_own,
                fault=catalog_faults + orders_own,
                edges=[
                    call(2, 50, orders_own + 10 * bool(catalog_faults)),
                    call(3, 50, max(0, catalog_faults - 10)),
                ],
            ),
            service(
                2,
                "orders",
                ok=40,
                fault=10 * bool(catalog_faults) + orders_own,
                edges=[call(3, 50, 10 * bool(catalog_faults))],
            ),
            service(
                3,
                "catalog",
                ok=100 - catalog_faults,
                fault=catalog_faults,
                edges=[call(4, 100, table_faults, 0.5)],
            ),
            service(4, "lantern-products", "AWS::DynamoDB::Table", ok=100 - table_faults, fault=table_faults),
        ]
    )


def test_the_service_that_fails_without_a_failing_callee_is_the_origin_and_its_callers_pass_it_on():
    [origin] = origins_of(shop(catalog_faults=30))

    assert (origin.node.name, origin.faults, origin.total, origin.percent) == ("catalog", 30, 100, 30)
    assert origin.place == "in its own code"
    assert sorted(origin.passed_on_by) == ["orders", "storefront"]


def test_a_table_that_fails_is_the_origin_and_not_the_service_that_asks_for_it():
    [origin] = origins_of(shop(catalog_faults=30, table_faults=30))

    assert (origin.node.name, origin.place) == ("lantern-products", "there")
    assert "catalog" in origin.passed_on_by


def test_two_origins_are_named_the_greater_first():
    assert [origin.node.name for origin in origins_of(shop(catalog_faults=30, orders_own=7))] == [
        "catalog",
        "orders",
    ]


def test_without_faults_the_node_with_most_time_of_its_own_is_named():
    graph = shop()

    assert origins_of(graph) == []
    node, share = slowest_of(graph)
    assert node.name == "lantern-products"
    assert 0 < share <= 1
    assert slowest_of(graph_of([])) is None
