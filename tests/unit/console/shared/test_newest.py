from hypothesis import given
from hypothesis import strategies as st

from console.shared.newest import newest

PAGE = 50


def source(times):
    """An API that answers at most PAGE of the entries in a window, the oldest first."""
    ordered = sorted(times)

    def read(start, end):
        entries = [time for time in ordered if start <= time < end]
        return entries[:PAGE], len(entries) <= PAGE

    return read


@given(st.lists(st.floats(0, 3600), max_size=400, unique=True), st.integers(1, 40))
def test_the_newest_entries_are_read_however_they_are_spread(times, count):
    entries, _ = newest(source(times), 0, 3601, count)

    assert entries == sorted(times)[-count:]


def test_the_answer_says_whether_there_are_earlier_entries():
    assert newest(source([1, 2, 3]), 0, 10, 3) == ([1, 2, 3], False)
    assert newest(source([1, 2, 3]), 0, 10, 2) == ([2, 3], True)


def test_windows_become_shorter_where_entries_are_dense_and_longer_where_they_are_sparse():
    windows = []

    def read(start, end):
        windows.append(end - start)
        return source([100 - n / 1000 for n in range(1, 2000)])(start, end)

    entries, _ = newest(read, 0, 100, 40)

    assert len(entries) == 40
    assert len(windows) < 12


def test_an_api_with_coarse_times_is_asked_for_whole_steps_only():
    windows = []

    def read(start, end):
        windows.append((start, end))
        return source([50 + n / 1000 for n in range(3000)])(start, end)

    newest(read, 0, 60, 40, step_s=1.0)

    assert all(start == int(start) and end == int(end) and end - start >= 1 for start, end in windows)
