from hypothesis import given
from hypothesis import strategies as st

from console.newest import newest

PAGE = 50


def source(times):
    ordered = sorted(times)

    def look(start, end):
        found = [time for time in ordered if start <= time < end]
        return found[:PAGE], len(found) <= PAGE

    return look


@given(st.lists(st.floats(0, 3600), max_size=400, unique=True), st.integers(1, 40))
def test_the_newest_are_found_however_they_are_spread(times, wanted):
    found, _ = newest(source(times), 0, 3601, wanted)

    assert found == sorted(times)[-wanted:]


def test_it_says_whether_there_is_more_before():
    assert newest(source([1, 2, 3]), 0, 10, 3) == ([1, 2, 3], False)
    assert newest(source([1, 2, 3]), 0, 10, 2) == ([2, 3], True)


def test_a_rush_is_looked_at_in_ever_shorter_stretches_and_quiet_in_ever_longer_ones():
    looks = []

    def look(start, end):
        looks.append(end - start)
        return source([100 - n / 1000 for n in range(1, 2000)])(start, end)

    found, _ = newest(look, 0, 100, 40)

    assert len(found) == 40
    assert len(looks) < 12


def test_a_coarse_api_is_asked_for_whole_steps_only():
    looks = []

    def look(start, end):
        looks.append((start, end))
        return source([50 + n / 1000 for n in range(3000)])(start, end)

    newest(look, 0, 60, 40, step_s=1.0)

    assert all(start == int(start) and end == int(end) and end - start >= 1 for start, end in looks)
