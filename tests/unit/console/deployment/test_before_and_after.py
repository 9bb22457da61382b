"""The table of endpoints before and after a deployment."""

from console.deployment.before_and_after import rows


def traces(count, url="http://shop/api/orders", took_s=0.1, faults=0):
    return [
        {
            "Id": "1-5759e988-bd862e3fe1be46a994272793",
            "Http": {"HttpURL": url, "HttpMethod": "POST"},
            "ResponseTime": took_s * (1 + number / count),
            "HasFault": number < faults,
        }
        for number in range(count)
    ]


def test_each_endpoint_has_n_failures_and_percentiles_of_old_and_new_and_the_difference():
    [row] = rows(traces(100), traces(20, took_s=0.5, faults=2))

    assert (row.endpoint, row.is_too_few) == ("POST /api/orders", False)
    assert (row.old.total, row.old.faults, row.new.total, row.new.fault_percent) == (100, 0, 20, 10)
    assert row.new.p50_s == 0.5 * (1 + 9 / 20)
    assert round(row.p95_change_s, 3) == round(0.5 * (1 + 18 / 20) - 0.1 * (1 + 94 / 100), 3)
    assert row.fault_change == 10


def test_less_than_twenty_requests_on_a_side_are_too_few_and_come_last():
    table = rows(
        [*traces(300), *traces(19, "http://shop/a"), *traces(25, "http://shop/b")],
        [*traces(19), *traces(30, "http://shop/b")],
    )

    assert [(row.endpoint, row.is_too_few) for row in table] == [
        ("POST /b", False),
        ("POST /api/orders", True),
        ("POST /a", True),
    ]
    assert table[2].new is None
