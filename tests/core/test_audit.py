"""Which cause a double booking has, where several things are true of it."""

from __future__ import annotations

import pytest

from icalsync.core.audit import Cause, Facts, cause_of, every_facts

CAUSES = (
    ({"across": True, "forced": True}, Cause.CROSS_SUB_ACCOUNT),
    ({"outside": True}, Cause.EXTERNAL_ONLY),
    ({"outside": True, "shifted": True}, Cause.ZONE_SHIFT),
    ({"accepted": True, "known": True, "chosen": True, "shifted": True}, Cause.RULE_LET_IT_THROUGH),
    ({"accepted": True, "chosen": True}, Cause.LATE_ARRIVAL),
    ({"forced": True, "shifted": True, "known": True}, Cause.FORCED),
    ({"shifted": True, "free": True}, Cause.ZONE_SHIFT),
    ({"free": True, "chosen": False}, Cause.RULE_LET_IT_THROUGH),
    ({"known": True, "chosen": False}, Cause.NOT_A_CONFLICT_CALENDAR),
    ({"down": True, "chosen": True, "together": True}, Cause.SOURCE_DOWN),
    ({"down": True, "chosen": True, "known": True}, Cause.RULE_LET_IT_THROUGH),
    ({"together": True, "chosen": True}, Cause.RACE),
    ({"together": True, "chosen": True, "known": True}, Cause.RACE),
    ({"chosen": True}, Cause.LATE_ARRIVAL),
    ({"chosen": True, "known": True}, Cause.RULE_LET_IT_THROUGH),
)


@pytest.mark.parametrize(("true", "cause"), CAUSES)
def test_the_first_cause_that_fits_is_named(true, cause):
    """Issue 6: the precedence as the module's first lines have it."""
    assert cause_of(Facts(**true)) is cause


def test_every_combination_has_one_number_and_one_cause():
    """What SQL looks up: none is missing, none is double, and every cause can come."""
    every = list(every_facts())
    assert sorted(facts.key for facts in every) == list(range(2**10))
    assert {cause_of(facts) for facts in every} == set(Cause)
    assert Facts(outside=True, together=True).key == 2 + 512
