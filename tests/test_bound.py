"""Bounds as numbers, against arithmetic with many digits; and the units of formulas."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import (
    Abs,
    Eq,
    LambertW,
    Max,
    Min,
    Ne,
    Piecewise,
    Rational,
    binomial,
    ceiling,
    cosh,
    erf,
    exp,
    expint,
    factorial,
    floor,
    harmonic,
    log,
    sqrt,
)

from theorylab.bound import evaluate, holds, signed_log
from theorylab.claim import Slip, previous
from theorylab.unit import parse_unit, show_unit, unit_of

k, x, y = sympy.symbols("k x y", positive=True)
r, s = sympy.symbols("r s", real=True)
# A logarithm near 0 is that of a number near 1, which sums of rounded numbers know to their own precision only.
LOG = 1e-12


def at(expression, **values):
    table = {symbol: values[symbol.name] for symbol in expression.free_symbols}
    return evaluate(expression, table)


def exact(expression, **values):
    """Sign and logarithm of the size, with so many digits that 1 + tiny is not 1."""
    with mpmath.workdps(400):
        table = {symbol: mpmath.mpf(values[symbol.name]) for symbol in expression.free_symbols}
        names = sorted(table, key=str)
        value = mpmath.mpf(sympy.lambdify(names, expression, "mpmath")(*(table[name] for name in names)))
        return float(mpmath.sign(value)), float(mpmath.log(abs(value))) if value else -np.inf


def same(found, wanted):
    sign, size = wanted
    assert float(found.sign) == sign
    assert float(found.log) == size or abs(float(found.log) - size) <= LOG * max(1.0, abs(size))


@given(st.integers(1, 10**6), st.floats(1e-12, 1e3))
def test_a_geometric_bound_does_not_underflow_and_keeps_its_digits_relative_to_its_logarithm(steps, beta):
    size = float(at((1 + 2 * x) ** (-k), k=steps, x=beta).log)
    with mpmath.workdps(50):
        wanted = float(-steps * mpmath.log(1 + 2 * mpmath.mpf(beta)))
    assert abs(size - wanted) <= LOG * abs(wanted)


LEAVES = st.sampled_from([x, y, k, sympy.Integer(2), Rational(1, 3), sympy.pi, sympy.E])


def grow(inner):
    power = st.sampled_from([2, -1, Rational(1, 2), Rational(-3, 2), 3])
    return st.one_of(
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, p: a**p, inner, power),
        st.builds(Max, inner, inner),
        st.builds(Min, inner, inner),
        st.builds(lambda a: exp(-100 * a / (1 + a)), inner),
        st.builds(lambda a: log(1 + a), inner),
        st.builds(lambda a, b, c: Piecewise((a, b <= c), (c, True)), inner, inner, inner),
    )


@given(st.recursive(LEAVES, grow, max_leaves=6), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(1, 100))
def test_a_positive_expression_has_the_logarithm_of_its_exact_value(expression, x0, y0, k0):
    if expression.free_symbols and not expression.has(sympy.zoo, sympy.nan):
        same(at(expression, x=x0, y=y0, k=k0), exact(expression, x=x0, y=y0, k=k0))


PLAIN = st.floats(-1e100, 1e100).filter(lambda number: number == 0 or abs(number) > 1e-280)


@given(PLAIN, PLAIN)
def test_sums_and_comparisons_of_plain_numbers_are_those_of_floats(a, b):
    values = {r: a, s: b}
    assert float(evaluate(r - s, values).value) == a - b
    assert bool(holds(r <= s, values)) == (a <= b)
    assert bool(holds(r < s, values)) == (a < b)
    assert float(evaluate(Max(r, s), values).value) == max(a, b)
    assert float(evaluate(Min(r, s), values).value) == min(a, b)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-5, 5))
def test_cancelling_signs_are_kept(a, b, c):
    value = r * s - s**3 + exp(x) * r
    found = evaluate(value, {r: a, s: b, x: c})
    with np.errstate(all="ignore"):
        wanted = a * b - b**3 + np.exp(c) * a
    assert float(found.value) == pytest.approx(wanted, rel=1e-9, abs=1e-9 * (abs(a * b) + abs(b**3) + np.exp(c) * abs(a)))
    assert float(found.value) == 0 or float(found.sign) == np.sign(float(found.value))  # 0 where it underflows


@pytest.mark.parametrize(
    ("expression", "values", "sign", "size"),
    [
        ((1 + 2 * x) ** (-k), {"x": 1e-3, "k": 5000}, 1, -5000 * np.log1p(2e-3)),
        (exp(-k) - exp(-2 * k), {"k": 1e5}, 1, -1e5),
        (exp(-2 * k) - exp(-k), {"k": 1e5}, -1, -1e5),
        (exp(-k) * x, {"k": 1e4, "x": 3.0}, 1, np.log(3) - 1e4),
        (sympy.exp(-5000) * x, {"x": 1.0}, 1, -5000.0),
        (Rational(1, 3) ** 2000 * x, {"x": 1.0}, 1, -2000 * np.log(3)),
        (log(1 + exp(k)), {"k": 1e4}, 1, np.log(1e4)),
        (log(1 + exp(-k)), {"k": 1e4}, 1, -1e4),
        (log(1 - exp(-k)), {"k": 1e4}, -1, -1e4),
        (Min(exp(-k), exp(-2 * k)), {"k": 1e4}, 1, -2e4),
        (Max(exp(-k), exp(-2 * k)), {"k": 1e4}, 1, -1e4),
        (Piecewise((exp(-k), exp(-k) > exp(-2 * k)), (1, True)), {"k": 1e4}, 1, -1e4),
        (sqrt(exp(-k)), {"k": 1e4}, 1, -5e3),
        (factorial(k), {"k": 400}, 1, float(mpmath.loggamma(401))),
        (r**3, {"r": -2.0}, -1, np.log(8)),
        (r ** (-3), {"r": -2.0}, -1, -np.log(8)),
        (r**4, {"r": -2.0}, 1, np.log(16)),
        (sympy.Integer(-2) ** k, {"k": 3}, -1, np.log(8)),
        (Abs(r), {"r": -1e-300}, 1, np.log(1e-300)),
        (r - s, {"r": 1.0, "s": 1.0}, 0, -np.inf),
        (r * s, {"r": 0.0, "s": 5.0}, 0, -np.inf),
        (r**2, {"r": 0.0}, 0, -np.inf),
        (sqrt(r), {"r": 0.0}, 0, -np.inf),
        (1 / r**2, {"r": 0.0}, 1, np.inf),
        (r - s, {"r": np.inf, "s": 1e300}, 1, np.inf),
        (exp(-r), {"r": np.inf}, 0, -np.inf),
        (log(r), {"r": 1.0}, 0, -np.inf),
        (log(r), {"r": 0.5}, -1, np.log(np.log(2))),
    ],
)
def test_extreme_zero_and_negative_values_keep_sign_and_logarithm(expression, values, sign, size):
    same(at(expression, **values), (sign, size))


@pytest.mark.parametrize(
    ("expression", "values", "wanted"),
    [
        (harmonic(k), {"k": 10}, 7381 / 2520),
        (erf(x), {"x": 0.5}, 0.5204998778130465),
        (LambertW(x), {"x": 1.0}, 0.5671432904097838),
        (expint(1, x), {"x": 1.0}, 0.21938393439552029),
        (cosh(x), {"x": 2.0}, 3.7621956910836314),
        (binomial(k, 2), {"k": 5}, 10.0),
        (floor(x), {"x": 2.7}, 2.0),
        (ceiling(x), {"x": 2.2}, 3.0),
        (sympy.zeta(x), {"x": 2.0}, np.pi**2 / 6),
    ],
)
def test_special_functions_have_their_values(expression, values, wanted):
    assert float(at(expression, **values).value) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    "e",
    [
        r + 1,
        2 * r,
        r**2,
        sqrt(r),
        exp(r),
        log(r),
        Max(r, 1),
        Min(1, r),
        Abs(r),
        floor(r),
        Piecewise((1, r > 2), (0, True)),
        r ** (-k),
        0 * k + r - r**3,
    ],
)
def test_nan_stays_nan(e):
    found = evaluate(e, {r: np.array([np.nan, 1.0]), k: 2})
    assert np.isnan(np.broadcast_to(found.value, 2)[0])
    assert np.isnan(np.broadcast_to(found.log, 2)[0])
    assert not np.isnan(np.broadcast_to(found.value, 2)[1])


@pytest.mark.parametrize("e", [sqrt(r), log(r), r ** Rational(1, 3), log(1 + 2 * r), sympy.asin(r - 3), sympy.zoo * r])
def test_what_is_not_real_is_nan(e):
    assert np.isnan(evaluate(e, {r: -1.5}).value)


@pytest.mark.parametrize("relation", [r <= 1, r < 1, r >= 1, r > 1, Eq(r, 1), Ne(r, 1), sympy.Not(Eq(r, 1)), (r < 1) | (r > 1)])
def test_no_relation_holds_of_nan(relation):
    assert not holds(relation, {r: np.nan})


def test_relations_are_joined_and_hold_at_their_ends():
    values = {k: np.array([1, 2, 3])}
    assert holds((k >= 2) & (k <= 2), values).tolist() == [False, True, False]
    assert holds((k < 2) | (k > 2), values).tolist() == [True, False, True]
    assert holds(sympy.Not(Eq(k, 2)), values).tolist() == [True, False, True]
    assert holds(sympy.ITE(k < 2, k > 0, k > 2), values).tolist() == [True, False, True]
    assert holds(exp(-1000 * k) > exp(-2000 * k), values).all()
    assert holds(sympy.true, values)


def test_arrays_broadcast_and_agree_with_single_numbers():
    expression = Max(x / k, sqrt(x) - previous(y)) * (1 + log(k))
    one, other = np.geomspace(0.1, 10, 4)[:, None], np.arange(1, 6)[None, :]
    found = evaluate(expression, {x: one, k: other, previous(y): 0.5})
    assert np.shape(found.value) == (4, 5)
    for i, j in np.ndindex(4, 5):
        single = evaluate(expression, {x: one[i, 0], k: other[0, j], previous(y): 0.5})
        assert float(single.value) == found.value[i, j]


def test_a_letter_without_a_value_is_an_error():
    with pytest.raises(KeyError, match="no value for x"):
        evaluate(x + 1, {})
    with pytest.raises(KeyError, match="previous"):
        evaluate(previous(x) + 1, {x: 1.0})


def test_plain_numbers_have_their_signed_logarithm():
    sign, size, value = signed_log(np.array([-2.0, 0.0, np.nan]))
    np.testing.assert_array_equal(sign, [-1, 0, np.nan])
    np.testing.assert_allclose(size, [np.log(2), -np.inf, np.nan])
    np.testing.assert_array_equal(value, [-2, 0, np.nan])


# Units

F, X, T = parse_unit("[f]"), parse_unit("[x]"), {}
UNITS = {r: F, s: X, k: T, y: parse_unit("[f]/[x]^2"), x: None}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1", {}),
        ("[f]", {"f": 1}),
        ("[f]/[x]^2", {"f": 1, "x": -2}),
        ("[f]/[x]*[t]", {"f": 1, "x": -1, "t": 1}),
        ("[f] [x]^-2", {"f": 1, "x": -2}),
        ("[f]^2/[x]^2", {"f": 2, "x": -2}),
        ("[f]^2 / [x]^2", {"f": 2, "x": -2}),
        ("[f]^1/2/[x]^(1/2)*[t]^0.5/[u]", {"f": Fraction(1, 2), "x": Fraction(-1, 2), "t": Fraction(1, 2), "u": -1}),
        ("1/[u]", {"u": -1}),
        ("[x]^1/2", {"x": Fraction(1, 2)}),
        ("[x]^(1/2)", {"x": Fraction(1, 2)}),
        ("[x]^0.5", {"x": Fraction(1, 2)}),
        ("[x]/[x]", {}),
    ],
)
def test_a_unit_is_read_and_reads_back_what_it_shows(text, unit):
    assert parse_unit(text) == unit
    assert parse_unit(show_unit(parse_unit(text))) == unit


@pytest.mark.parametrize("text", ["", "m", "[f", "f/x", "[f]^", "[f]^a", "[f]+[x]", "[x]^1/0", "2", "[f] per [x]", None])
def test_a_unit_that_cannot_be_read_is_a_slip(text):
    with pytest.raises(Slip, match="Write"):
        parse_unit(text)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        (r * s, "[f] [x]"),
        (y * s**2, "[f]"),
        (sqrt(r * y), "[f] [x]^-1"),
        (r + y * s**2, "[f]"),
        (Max(r, previous(r), 0), "[f]"),
        (Abs(r) / k, "[f]"),
        (Piecewise((r, s > 2 * s - s), (y * s**2, True)), "[f]"),
        (r * exp(-k) * log(r / (y * s**2)), "[f]"),
        (r * (1 + s * sqrt(y / r)) ** (-k), "[f]"),
        (r + x * s, "[f]"),
        (floor(k) + harmonic(k), "1"),
        (sympy.Integer(0), None),
        (x * r, None),
        (x / k + x, None),
    ],
)
def test_an_expression_has_the_unit_of_its_terms(expression, shown):
    unit = unit_of(expression, UNITS)
    assert (unit if unit is None else show_unit(unit)) == shown


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (r + s, "cannot be added"),
        (r + 1, "1 has the unit 1"),
        (x * (r + s), "cannot be added"),
        (Max(r, s), "cannot be added or compared"),
        (Piecewise((r, r > s), (2 * r, True)), "cannot be added or compared"),
        (k**r, "the exponent r has the unit"),
        (exp(-r), "the exponent -r has the unit"),
        (log(r), "pure number"),
        (r**k, "would depend on k"),
        (harmonic(r), "pure number"),
    ],
)
def test_terms_of_different_units_are_named(expression, words):
    with pytest.raises(Slip, match=words):
        unit_of(expression, UNITS)
