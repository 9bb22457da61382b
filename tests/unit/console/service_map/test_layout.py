from hypothesis import given
from hypothesis import strategies as st

from console.service_map.layout import LAYER_PX, layered

EDGES = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=120)


@given(EDGES)
def test_every_node_has_its_own_place_and_every_edge_a_path(edges):
    """Loops and circles too: the library by itself would end the process."""
    layout = layered(40, edges)

    assert len(set(layout.places)) == 40
    assert layout.paths.keys() == set(edges)
    for (start, end), path in layout.paths.items():
        assert (path[0], path[-1]) == (layout.places[start], layout.places[end])
    assert all(0 < x < layout.width and 0 < y < layout.height for x, y in layout.places)


@given(EDGES)
def test_the_same_graph_always_looks_the_same(edges):
    assert layered(40, edges) == layered(40, list(reversed(edges)))


def test_a_node_that_the_library_adds_takes_no_other_nodes_place():
    """Its number was that of node 6: places changed from one layout to the next."""
    edges = [(0, 3), (1, 2), (1, 4), (2, 5), (4, 5), (5, 6), (1, 6)]

    layouts = [layered(12, edges) for _ in range(40)]

    assert all(layout == layouts[0] for layout in layouts)
    assert len(set(layouts[0].places)) == 12


def test_a_caller_is_left_of_the_node_that_it_calls():
    layout = layered(4, [(0, 1), (1, 2), (0, 2), (2, 3)])

    assert [round((x - layout.places[0][0]) / LAYER_PX) for x, _ in layout.places] == [0, 1, 2, 3]


def test_an_edge_over_a_layer_bends_around_the_node_between():
    layout = layered(3, [(0, 1), (1, 2), (0, 2)])

    (bend,) = layout.paths[0, 2][1:-1]
    assert bend != layout.places[1]


def test_without_nodes_the_layout_is_empty():
    assert layered(0, []).places == []
