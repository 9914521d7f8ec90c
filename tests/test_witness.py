"""A violation is the claim's only if other last digits and other units leave it; each repetition has a false witness of its own."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from exam.witnesses import ATTAINED, witness
from worlds import Worlds, claim_of, k, letters, verified, y

import theorylab.witness as witnesses
from theorylab.claim import along, fixed, for_every_instance, measured, varies
from theorylab.rescale import choice, exact_choice, free_bases, rescaled

L, D, x_0, m = letters("L D x_0 m")
WHERE = {
    L: varies("smoothness", 0.1, 10.0, unit="[f]/[x]^2"),
    D: varies("distance", 0.1, 10.0, unit="[x]"),
    m: fixed("copies", 3, unit="[c]"),
    x_0: fixed("place", 2.0, unit="[x] [c]"),
    k: along("iterations", 1, 4),
    y: measured("gap", unit="[f]"),
}
CLAIM = claim_of(y <= L * D**2 + 0 * m, WHERE, holds=for_every_instance)


def play(law, claim=CLAIM):
    return verified(claim, Worlds({"truth:kernel": law}))


def test_a_whole_number_holds_its_unit_still():
    assert free_bases(CLAIM) == ("c", "f", "x")  # nothing of the statement uses m
    assert free_bases(replace(CLAIM, statement=y <= L * D**2 * m)) == ("f", "x")


def test_units_scale_letters_by_the_powers_of_their_bases():
    worlds = Worlds({"truth:kernel": lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * 2})
    verified(CLAIM, worlds)
    first = worlds.asked[0][0]
    claim, there = rescaled(CLAIM, first, {"f": 3.0, "x": 2.0, "c": 5.0})
    before, after = dict(first.varies), dict(there.varies)
    np.testing.assert_allclose(after["L"], np.array(before["L"]) * 3 / 4, rtol=1e-15)
    np.testing.assert_allclose(after["D"], np.array(before["D"]) * 2, rtol=1e-15)
    assert dict(there.fixed) == {"m": 3, "x_0": 20.0}
    assert claim.role("x_0").value == 20.0
    assert there.along == first.along


def test_choices_of_units_are_fixed_and_no_powers_of_two():
    worth = [choice(("f", "x"), n)["f"] for n in range(16)]
    assert len(set(worth)) == 16
    assert all(0.25 <= value <= 4 for value in worth)
    assert all(np.log2(value) % 1 > 1e-3 for value in worth)
    assert {exact_choice(("f", "x"), n)["x"] for n in range(2)} == {16.0, 1 / 16}


def test_a_violation_in_all_units_refutes():
    verdict = play(lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * (1 + 1e-6)).verdict
    assert verdict.verdict == "refuted"


def rounded(at, digits=24):
    """The distance with so few digits that every second one is rounded up: no last digit of a float64 moves it."""
    mantissa, exponent = np.frexp(at["D"])
    return np.ldexp(np.rint(mantissa * 2**digits) / 2**digits, exponent)


def test_what_only_a_change_of_units_moves_is_rounding():
    law = lambda rng, i, at, lane: at["L"] * rounded(at) ** 2  # noqa: E731
    assert play(law).verdict.reasons == ("ROUNDING",)


def test_without_the_change_of_units_it_would_be_left(monkeypatch):
    monkeypatch.setattr(witnesses, "rescaled", lambda claim, run, worth: (claim, run))
    assert play(lambda rng, i, at, lane: at["L"] * rounded(at) ** 2).verdict.verdict == "refuted"


def test_what_only_the_last_digit_moves_is_rounding(monkeypatch):
    law = lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * (1 + 1e-7 * (-1) ** lane.nudge)  # noqa: E731
    assert play(law).verdict.reasons == ("ROUNDING",)
    monkeypatch.setattr(witnesses, "Lanes", lambda instances, replicates, shaken=None: Plain(instances, replicates))
    assert play(law).verdict.verdict == "refuted"


def Plain(instances, replicates):
    """Lanes that are not shaken."""
    from theorylab.simulate import Lanes

    return Lanes(instances, replicates)


def test_a_family_with_a_scale_of_its_own_is_judged_by_its_neighbours():
    own = lambda at: at["L"] * at["D"] ** 2 * (1 + 0.1 * np.tanh(at["D"]))  # noqa: E731
    assert play(lambda rng, i, at, lane: own(at)).verdict.verdict == "refuted"
    falls = lambda rng, i, at, lane: at["L"] * rounded(at) ** 2  # noqa: E731
    assert play(falls, replace(CLAIM, where={s: replace(r, unit="1") for s, r in WHERE.items()})).verdict.reasons == ("ROUNDING",)


def test_a_family_whose_bound_fails_in_its_own_units_alone_is_refuted():
    near = lambda D: np.exp(-((np.log(D) - np.log(2)) ** 2) / 0.02)  # noqa: E731
    assert play(lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * (0.9995 + 1e-3 * near(at["D"]))).verdict.verdict == "refuted"


class Fused(Worlds):
    """Operations that are fused round another way."""

    def data(self, run, lanes, keep=None):
        found = super().data(run, lanes, keep)
        return found * (1 - 2e-6) if run.tier == "unfused" else found


def test_what_only_fused_operations_make_is_rounding():
    plain = replace(CLAIM, where={s: replace(r, unit="1") for s, r in WHERE.items()})
    for worlds, verdict in ((Fused, "inconclusive"), (Worlds, "refuted")):
        law = lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * (1 + 1e-6)  # noqa: E731
        assert verified(plain, worlds({"truth:kernel": law})).verdict.verdict == verdict


def test_a_smooth_violation_without_units_is_kept():
    plain = replace(CLAIM, where={s: replace(r, unit="1") for s, r in WHERE.items()})
    steep = lambda rng, i, at, lane: at["L"] * at["D"] ** 2 * (at["D"] / 10) ** 30 * (1 + 1e-6)  # noqa: E731
    assert play(steep, plain).verdict.verdict == "refuted"


def test_a_real_violation_is_found_where_rounding_breaks_the_bound_more_elsewhere():
    def law(rng, i, at, lane):
        rounding = 1e-4 * np.sign(np.sin(1e17 * float(at["D"]) + lane.nudge)) if i % 2 else 0.0
        return at["L"] * at["D"] ** 2 * (1 + 1e-6 + rounding)

    verdict = play(law).verdict
    assert verdict.verdict == "refuted"
    assert verdict.worst.worst["ratio"] == pytest.approx(1 + 1e-6, rel=1e-9)


def test_a_kernel_in_plain_python_has_its_letters_shaken_and_scaled():
    world = ATTAINED["a difference of close numbers"]
    plain = (world[0], world[1], {s: replace(role, unit="1") for s, role in world[2].items()})
    counts = partial(witness, beyond=0.0, seed=0)
    assert counts(world) == {"refuted": False, "violations found": True}
    assert counts(plain)["violations found"]
    assert all(witness(each, 1e-6, 0)["refuted"] for each in (world, plain))
