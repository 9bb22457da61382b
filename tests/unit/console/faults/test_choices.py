"""What the page offers, and what it shows of what is on."""

from console.faults import choices


def offer(name, by_default):
    return {"name": name, "summary": name, "percent": 50.0, "by_default": by_default}


def fault(name, ends_at, alias=""):
    return {"name": name, "percent": 50.0, "ends_at": ends_at, "alias": alias}


STATES = {
    "storefront": {"offers": [offer("storm", True), offer("slow", False)], "faults": [fault("storm", 20.0)]},
    "catalog": {"offers": [offer("storm", True), offer("slow", True)], "faults": [fault("storm", 10.0)]},
    "orders": None,
}


def test_those_that_bear_a_fault_by_default_bear_it_together_and_any_other_alone():
    keys = {choice.key for choice in choices.of(STATES)}

    assert keys == {"storm@storefront+catalog", "slow@catalog", "slow@storefront"}


def test_a_fault_that_is_on_has_all_its_services_and_the_first_end():
    (active,) = choices.active(STATES)

    assert (active.shown_as, active.where, active.ends_at) == ("storm", "storefront and catalog", 10.0)


def test_one_that_shall_be_guessed_does_not_tell_where_it_is():
    (active,) = choices.active({"catalog": {"faults": [fault("leak", 1.0, "mystery-7")]}})

    assert (active.shown_as, active.where) == ("mystery-7", "to be found")


def test_where_faults_are_disabled_nothing_is_offered():
    assert choices.of({"catalog": None}) == []
    assert choices.active({"catalog": None}) == []
