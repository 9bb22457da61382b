import pytest

from console.shared.text import duration, finalize, milliseconds, short, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a␀b"),
        ("\x1b[31mred", "␛[31mred"),
        ("invoice\u202egpj.exe", "invoice⟨U+202E⟩gpj.exe"),
        ("half \ud800", "half ⟨U+D800⟩"),
        ("\x7f\x85\u200b", "␡⟨U+0085⟩⟨U+200B⟩"),
        ("line\r\nnext\tcolumn", "line␍\nnext\tcolumn"),
        ("Ätsch 灯籠 🏮", "Ätsch 灯籠 🏮"),
    ],
)
def test_an_invisible_character_becomes_a_visible_sign_and_others_stay(text, shown):
    assert visible(text) == shown


def test_only_strings_are_changed_when_a_page_shows_them():
    from markupsafe import Markup

    assert [finalize(value) for value in (5, None, Markup("<b>\x00"))] == [5, None, Markup("<b>\x00")]


def test_long_text_is_cut_and_says_how_long_it_was():
    assert short("x" * 65_536, 3) == "xxx… (65,536 characters)"
    assert short("xyz", 3) == "xyz"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "in progress"), (0, "0 ms"), (0.0042, "4.2 ms"), (0.12345, "123 ms"), (75.04, "75.0 s")],
)
def test_a_duration_has_a_unit_that_fits(seconds, words):
    assert milliseconds(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (0, "0 s"), (4.26, "4.3 s"), (100, "1 min 40 s"), (300, "5 min"), (9000, "2 h 30 min")],
)
def test_a_long_duration_has_two_units_at_most(seconds, expected):
    assert duration(seconds) == expected
