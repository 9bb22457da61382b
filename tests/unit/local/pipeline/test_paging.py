import pytest

from local.pipeline.paging import InvalidNextTokenException, page_of


def test_pages_follow_each_other_to_the_end():
    lamps = [f"lamp-{number}" for number in range(7)]
    page, token = page_of(lamps, 3, None)
    pages = [page]
    while token:
        page, token = page_of(lamps, 3, token)
        pages.append(page)

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [lamp for page in pages for lamp in page] == lamps


@pytest.mark.parametrize("count", [0, 3])
def test_what_fits_on_one_page_has_no_next(count):
    assert page_of(list(range(count)), 3, None) == (list(range(count)), None)


def test_a_token_beyond_the_end_finds_nothing():
    assert page_of([1, 2], 3, "7") == ([], None)


@pytest.mark.parametrize("token", ["next", "-1", "1.5", "٣", "9" * 5000])
def test_a_token_that_was_never_given_is_refused(token):
    with pytest.raises(InvalidNextTokenException):
        page_of([1, 2], 1, token)
