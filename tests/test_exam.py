"""A few runs of each row of the exam, with fixed seeds: what a share of so few runs can tell."""

from __future__ import annotations

import pytest
from exam.tables import rows

SEED = 10_000


@pytest.mark.parametrize("name", [name for name, row in rows().items() if row.quick and row.reach])
def test_a_few_runs_reach_what_the_exam_asks(name):
    row = rows()[name]
    total = row.counts(range(SEED, SEED + row.quick))
    for reach in row.reach:
        assert reach.plausible(total[reach.count], row.quick), (str(reach), dict(total))
