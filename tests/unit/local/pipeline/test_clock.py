import pytest

from local.pipeline.clock import Clock


def test_simulated_time_passes_scale_times_as_fast():
    assert Clock(60).real_s(300) == 5
    assert Clock(1).real_s(300) == 300


@pytest.mark.parametrize(
    ("scale", "note"),
    [
        (60, "time scale 60: a minute passes in 1 s"),
        (600, "time scale 600: a minute passes in 0.1 s"),
        (1, ""),
    ],
)
def test_a_time_scale_other_than_awss_is_noted(scale, note):
    assert Clock(scale).scale_note() == note
