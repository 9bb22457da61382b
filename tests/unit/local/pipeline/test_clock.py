import pytest

from local.pipeline.clock import Clock


def test_simulated_time_passes_scale_times_as_fast():
    assert Clock(60).real_s(300) == 5
    assert Clock(1).real_s(300) == 300


@pytest.mark.parametrize(
    ("scale", "simulated_s", "said"),
    [(60, 300, "5 min in 5 s"), (60, 90, "1.5 min in 1.5 s"), (600, 30, "30 s in 0.05 s"), (1, 300, "5 min")],
)
def test_a_note_tells_both_times_where_they_differ(scale, simulated_s, said):
    assert Clock(scale).note(simulated_s) == said
