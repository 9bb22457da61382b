"""A log that stays within its bound and loses no line when it is rotated."""

from local.processes.logs import BoundedLog, last_lines, rotated


def test_log_is_rotated_at_the_end_of_a_line_and_keeps_one_older_file(tmp_path):
    file = tmp_path / "x.log"
    log = BoundedLog(file, max_bytes=100)

    for number in range(40):
        log.write(f"line {number}\n".encode())
    log.close()

    kept = [*rotated(file).read_text().splitlines(), *file.read_text().splitlines()]
    assert kept == [f"line {number}" for number in range(40)][-len(kept) :]
    assert len(kept) >= 11
    assert sum(part.stat().st_size for part in tmp_path.iterdir()) <= 220
    assert len(list(tmp_path.iterdir())) == 2


def test_line_that_comes_in_two_pieces_stays_whole(tmp_path):
    file = tmp_path / "x.log"
    log = BoundedLog(file, max_bytes=10)

    log.write(b"begin")
    log.write(b"ning of it\nnext")
    log.write(b" one\n")
    log.close()

    assert rotated(file).read_text() == "beginning of it\n"
    assert file.read_text() == "next one\n"


def test_last_lines_continue_in_the_rotated_file(tmp_path):
    file = tmp_path / "x.log"
    rotated(file).write_text("1\n2\n3\n")
    file.write_text("4\n5\n")

    assert last_lines(file, 3) == ["3", "4", "5"]
    assert last_lines(file, 1) == ["5"]
    assert last_lines(file, 9) == ["1", "2", "3", "4", "5"]
    assert last_lines(tmp_path / "none.log", 3) == []
