from console.deployment.load_balancer import percent


def test_failures_are_a_share_of_requests_without_a_point_where_there_were_none():
    assert percent([(1, 10), (2, 0), (3, 4)], [(3, 1)]) == [(1, 0), (3, 25)]
