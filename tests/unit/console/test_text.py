import pytest

from console.text import finalize, milliseconds, short, visible


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
def test_what_has_no_sign_of_its_own_gets_one_and_the_rest_stays(text, shown):
    assert visible(text) == shown


def test_only_texts_are_changed_on_their_way_into_a_page():
    from markupsafe import Markup

    assert [finalize(value) for value in (5, None, Markup("<b>\x00"))] == [5, None, Markup("<b>\x00")]


def test_long_text_is_cut_and_says_how_long_it_was():
    assert short("x" * 65_536, 3) == "xxx… (65,536 characters)"
    assert short("xyz", 3) == "xyz"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "in progress"), (0, "0 ms"), (0.0042, "4.2 ms"), (0.12345, "123 ms"), (75.04, "75.0 s")],
)
def test_durations_are_said_in_a_unit_that_fits(seconds, said):
    assert milliseconds(seconds) == said
