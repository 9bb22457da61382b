import pytest

from labs.attempts import Progress, Store, begin
from labs.errors import LabError


def test_an_attempt_is_read_back_as_it_was_saved(tmp_path):
    store, attempt = Store(tmp_path), begin("01", 7)
    attempt.undo.append({"kind": "fault", "name": "leak"})
    store.save(attempt)

    assert store.attempt() == attempt
    store.forget()
    assert store.attempt() is None


def test_a_write_that_was_cut_short_leaves_the_attempt_as_it_was(tmp_path):
    store, attempt = Store(tmp_path), begin("01", 7)
    store.save(attempt)
    (tmp_path / "attempt.json.new").write_text('{"lab": "0')

    assert store.attempt() == attempt


def test_a_file_that_is_none_is_told_by_its_name(tmp_path):
    (tmp_path / "attempt.json").write_text("[")

    with pytest.raises(LabError, match=r"attempt\.json cannot be read"):
        Store(tmp_path).attempt()


def test_the_dice_fall_by_seed_and_subject():
    first, again, neighbour = begin("01", 7), begin("01", 7), begin("01", 8)

    throws = [attempt.random("sku").random() for attempt in (first, again, neighbour)]

    assert throws[0] == throws[1] != throws[2]
    assert first.random("fault").random() != throws[0]
    assert first.id != again.id


def test_progress_of_other_labs_is_kept(tmp_path):
    store = Store(tmp_path)
    store.save_progress("00", Progress(solved_at=1.0))
    store.save_progress("01", Progress(is_shown=True))

    assert set(store.progress()) == {"00", "01"}
    assert store.progress()["00"].solved_at == 1.0
