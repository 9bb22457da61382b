"""The numbers of edges lie on no node, on no other numbers, and on no other edge's line."""

from console.service_map.graph import graph_of
from console.service_map.labels import _box, _holds, _overlap, along
from tests.unit.console.service_map.test_diagnosis import shop


def test_numbers_of_edges_cross_no_node_no_other_line_and_no_other_numbers():
    graph = shop(catalog_faults=30)
    boxes = [_box(edge.middle, edge.text) for edge in graph.edges]
    curves = [along(edge.points) for edge in graph.edges]

    for number, box in enumerate(boxes):
        assert not any(_overlap(box, other) for other in boxes[number + 1 :])
        others = [point for other, curve in enumerate(curves) if other != number for point in curve]
        assert not any(_holds(box, point) for point in others)
        for node in graph.nodes:
            x, y = node.place
            assert not _overlap(box, (x - 40, y - 40, x + 40, y + 72))


def test_a_call_to_itself_has_its_numbers_above_its_node():
    summary = {"TotalCount": 3, "OkCount": 3, "TotalResponseTime": 0.3}
    loop = {"ReferenceId": 0, "SummaryStatistics": summary}

    [edge] = graph_of([{"ReferenceId": 0, "Name": "shop", "Edges": [loop]}]).edges

    assert edge.text == "3 · 100.0 ms"
    assert edge.middle[1] < edge.source.place[1] - 46
