import pytest

from console.service_map.graph import graph_of, kind_of


def service(reference, name, node_type=None, ok=0, error=0, throttle=0, fault=0, edges=()):
    summary = {
        "OkCount": ok,
        "ErrorStatistics": {"ThrottleCount": throttle, "TotalCount": error + throttle},
        "FaultStatistics": {"TotalCount": fault},
        "TotalCount": ok + error + throttle + fault,
        "TotalResponseTime": 2.0,
    }
    return {
        "ReferenceId": reference,
        "Name": name,
        "SummaryStatistics": summary,
        "Edges": list(edges),
        **({"Type": node_type} if node_type else {}),
    }


def test_the_ring_is_divided_by_status():
    (node,) = graph_of([service(0, "orders", ok=6, error=1, throttle=1, fault=2)]).nodes

    assert [(name, share) for name, share, _ in node.numbers.arcs()] == [
        ("ok", 60),
        ("error", 10),
        ("throttle", 10),
        ("fault", 20),
    ]
    assert [offset for _, _, offset in node.numbers.arcs()] == [0, -60, -70, -80]
    assert node.numbers.worst == "fault"
    assert node.numbers.mean_s == 0.2


def test_nodes_of_one_name_and_different_types_are_different_nodes():
    edge = {"ReferenceId": 1, "SummaryStatistics": {"TotalCount": 3, "OkCount": 3, "TotalResponseTime": 0.3}}

    graph = graph_of([service(0, "shop", "client", edges=[edge]), service(1, "shop")])

    assert sorted(node.key for node in graph.nodes) == ["shop", "shop~client"]
    assert graph.edge("shop~client→shop").numbers.mean_s == pytest.approx(0.1)
    assert graph.node("nobody") is None


def test_an_edge_to_a_node_that_is_not_in_the_answer_is_left_out():
    assert graph_of([service(0, "shop", edges=[{"ReferenceId": 9}])]).edges == []


@pytest.mark.parametrize(
    ("node_type", "kind"),
    [
        (None, "service"),
        ("AWS::ECS::Fargate", "service"),
        ("client", "client"),
        ("remote", "remote"),
        ("AWS::DynamoDB::Table", "table"),
        ("Database::SQL", "table"),
        ("AWS::SQS::Queue", "aws"),
    ],
)
def test_a_node_is_drawn_by_its_type(node_type, kind):
    assert kind_of(node_type) == kind
