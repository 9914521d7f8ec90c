"""A claim that cannot be meant is caught when its file loads, in words that say what to write; its neighbour, which can, loads."""

from pathlib import Path

import pytest

from theorylab.catalogue import read_file
from theorylab.kind import kind_of, untested
from theorylab.project import Project

DECAY = Path(__file__).parent / "projects" / "decay"
HEADER = """
from sympy import Abs, Eq, Max, Min, Ne, Piecewise, Rational, Sum, ceiling, cos, exp, harmonic, log, pi, sqrt
from theorylab import *
paper = Source("Author", "Title", year=2020, venue="Notes")
gap, other, k, n, D, L, C, c, C_1, C_2, delta = letters("gap other k n D L C c C_1 C_2 delta")
bias = signed("bias")
where = {
    k: along("steps", 1, 64),
    n: grows("size", 2, 64),
    D: varies("distance", 0.1, 10),
    L: varies("curvature", 0.5, 2),
    delta: varies("failure", 0.01, 0.1),
    gap: measured("gap"),
    other: measured("another gap"),
    bias: measured("bias"),
    C: unknown,
    c: unknown,
    C_1: unknown,
    C_2: unknown,
}
"""
FIELDS = {
    "title": '"A title."',
    "source": 'paper.at("Section 1", basis="theorem")',
    "statement": "gap <= D / k",
    "where": "where",
    "simulation": '"descent:steps"',
    "problems": '("bowls:made",)',
}


def claim(name="mine", **fields):
    """The source of one claim; a field that is None is left out."""
    body = ", ".join(f"{field}={value}" for field, value in {**FIELDS, **fields}.items() if value is not None)
    return f"{name} = Claim({body})\n"


def load(folder, text):
    """The claims and the failures of a claim file with this text, in a project whose kernels and families are those of `decay`."""
    file = folder / "author2020_title.py"
    file.write_text(text, encoding="utf-8")
    claims, failures = read_file(file, Project(folder, (DECAY,)))
    # The header's letters are there for every row; whether all are used is a test of its own.
    return claims, [failure for failure in failures if "has a role but no claim" not in failure.error]


def errors(folder, text):
    return [failure.error for failure in load(folder, text)[1]]


def control(**fields):
    return 'Control("a control", ' + ", ".join(f"{name}={value}" for name, value in fields.items()) + ")"


# A slip, what its words must hold, and a claim near to it that is none

STATEMENTS = [
    ("True by positivity", "gap >= 0", ["True whatever", "signed()"], "bias >= 0"),
    ("True by adding", "gap <= gap + D", ["True whatever", "signed()"], "gap <= previous(gap) + D"),
    ("equality of Python", "gap == D", ["gap == D", "Eq(a, b)"], "Eq(gap, D)"),
    ("a chain", "0 <= bias <= D", ["0 <= bias <= D is a chain", "one claim for each"], "bias <= D"),
    ("a chain that Python decides", "0 <= gap <= D", ["0 <= gap <= D is a chain"], "gap <= D"),
    (
        "equality in a case",
        "gap <= Piecewise((D, k == 1), (L, True))",
        ["k == 1", "Eq(a, b)"],
        "gap <= Piecewise((D, Eq(k, 1)), (L, True))",
    ),
    ("and", "(bias <= D) and (bias >= -D)", ["joins relations", "assuming"], "Abs(D) >= bias"),
    ("two relations", "(bias <= D) & (bias >= -D)", ["several relations", "one claim for each"], "bias >= -D"),
    ("no relation", "gap", ["is gap", "no relation", "<="], "gap <= D"),
    ("text", "'gap <= D'", ["no relation of letters", "unquoted"], "gap <= D"),
    ("an inequation", "Ne(gap, D)", ["no <=, >= or Eq"], "Eq(gap, D)"),
    ("a float", "gap <= 0.5 * D / k", ["the float 0.5", "Rational(1, 2)"], "gap <= Rational(1, 2) * D / k"),
    ("a quotient of Python", "gap <= 1/2 * D / k", ["the float 0.5", "L/2"], "gap <= D / 2 / k"),
    ("a float of pi", "gap <= 6.283185307179586 * D / k", ["Write 2*pi"], "gap <= 2 * pi * D / k"),
    ("a power as a float", "gap <= D * k ** -0.1", ["Rational(-1, 10)"], "gap <= D * k ** Rational(-1, 10)"),
    ("a letter without a role", "gap <= D * letters('q')", ["uses q", 'q: varies("meaning", low, high)'], "gap <= D * L"),
    ("a letter made twice", "gap <= signed('D') / k", ["uses D from signed('D')", "Make the letter once"], "gap <= D / k"),
    ("measured on both sides", "gap <= D + gap / 2", ["stands on both sides", "previous(gap)"], "gap <= D + previous(gap) / 2"),
    ("no measured letter", "gap * k <= D", ["neither side", "Solve it for gap"], "gap <= D / k"),
    ("a measured letter that is not alone", "other * D <= gap + D", ["neither side", "Solve it for other"], "other <= gap / D + 1"),
    ("the role of the quantity", "letters('q') <= D", ["uses q", 'q: measured("meaning")'], "other <= D"),
    ("previous of a swept letter", "gap <= D / previous(k)", ["previous(k) is no measurement"], "gap <= D * previous(other)"),
    ("a sum of sympy", "gap <= Sum(1 / n, (n, 1, k))", ["no value", "harmonic(k)"], "gap <= harmonic(k)"),
    ("an unknown that is no factor", "gap <= C + D / k", ["C is not a factor", "C*(a + b)"], "gap <= C * (1 + D / k)"),
    ("an unknown power", "gap <= C * k ** (-c)", ["exponent", "C*exp(-c*h*k)"], "gap <= C * exp(-c * k)"),
    ("an unknown below", "gap <= k / C", ["C is not a factor"], "gap <= k * C"),
    ("a product of unknowns", "gap <= C * C_1 / k", ["neither one factor", "C_1*a + C_2*b"], "gap <= C_1 / k + C_2 / n"),
    ("two terms of one shape", "gap <= C_1*n + 3*C_2*n", ["C_1*n and 3*C_2*n have the same shape", "one constant"], "gap <= C_1*n + C_2*k"),
    ("two sums of one shape", "gap <= C_1*(1 + n)/k + C_2*(2 + 2*n)/k", ["the same shape", "one constant"], "gap <= C_1*n + C_2*D*n"),
    ("two constant terms", "gap <= C_1 + 2*C_2", ["C_1 and 2*C_2 have the same shape"], "gap <= C_1 + C_2*n"),
    ("two constants of a rate", "gap <= C * exp(-c * k) + C_1", ["a rate has one in its exponent"], "gap <= C * exp(-c * k * L)"),
    ("a growing rate", "gap <= C * exp(c * k)", ["not positive", "Turn its sign"], "gap <= C * exp(-c * k)"),
    ("a rate in no run", "gap <= C * exp(-c * n)", ["role along"], "gap <= C * exp(-c * k / n)"),
    ("a rate as an equation", "Eq(gap, C * exp(-c * k))", ["Write <= or >="], "gap >= C * exp(-c * k)"),
    ("a logarithm from one", "gap <= C * log(k)", ["at k = 1", "1 + log(k)"], "gap <= C * (1 + log(k))"),
    ("a scale below zero", "gap <= C * (k - 8)", ["zero, negative", "at k = 1"], "gap <= C * (k + 8)"),
    ("a bound that is no number", "gap <= sqrt(1 - L)", ["no number at L = "], "gap <= sqrt(3 - L)"),
    ("math on letters", "gap <= math.sqrt(D)", ["math.sqrt(D)", "from sympy import sqrt"], "gap <= sqrt(D)"),
    ("floor of math", "gap <= math.floor(D)", ["math.floor(D)", "floor"], "gap <= ceiling(D)"),
    ("NumPy on letters", "gap <= np.sqrt(D)", ["np.sqrt(D)", "NumPy", "from sympy import sqrt"], "gap <= sqrt(D)"),
    ("NumPy on a product", "gap <= np.exp(-D * k)", ["np.exp(-D * k)", "NumPy"], "gap <= exp(-D * k)"),
    ("max of Python", "gap <= max(D, L)", ["max(D, L)", "sympy's Max"], "gap <= Max(D, L)"),
    ("minimum of NumPy", "gap <= np.minimum(D, L)", ["sympy's Min"], "gap <= Min(D, L)"),
    ("if on letters", "gap <= (D if D <= L else L)", ["D <= L was asked", "Piecewise"], "gap <= Piecewise((D, D <= L), (L, True))"),
]

FIELD_SLIPS = [
    ("a decided assumption", {"assuming": "(n > 0,)"}, ["the assumption True", "left out"], {"assuming": "(n > 4,)"}),
    ("an assumption of Python", {"assuming": "(n == 4,)"}, ["n == 4", "Eq(a, b)"], {"assuming": "(Eq(n, 2),)"}),
    ("an assumption that never holds", {"assuming": "n >= 1000"}, ["meets the assumption n >= 1000", "widen"], {"assuming": "n >= 10"}),
    ("an unknown in an assumption", {"assuming": "n >= C"}, ["unknown constant C", "Write a number"], {"assuming": "n >= L"}),
    ("an assumption without a role", {"assuming": "n >= letters('q')"}, ["the assumption", "uses q"], {"assuming": "n >= D"}),
    ("an unknown trivial value", {"trivially": "C"}, ["trivially=C has the unknown constant"], {"trivially": "D"}),
    ("a probability above one", {"holds": "with_probability(95)"}, ["with_probability(95)", "0.95"], {"holds": "with_probability(0.95)"}),
    ("a probability with letters", {"holds": "with_probability(1 - letters('q'))"}, ["uses q"], {"holds": "with_probability(1 - delta)"}),
    (
        "a quantifier uncalled",
        {"holds": "with_probability"},
        ["holds=with_probability is no Quantifier", "in_expectation"],
        {"holds": "in_expectation"},
    ),
    ("a source without a place", {"source": "paper"}, ["no place and basis", 'paper.at("Theorem 3.1"'], {}),
    ("an unknown basis", {"source": 'paper.at("Section 1", basis="theorm")'}, ["'theorm'", "Near: theorem"], {}),
    ("no basis", {"source": 'paper.at("Section 1")'}, ["basis", "place, basis, note"], {}),
    (
        "no arXiv number",
        {"source": 'Source("A", "T", 2020).at("1", basis="theorem")'},
        ["arxiv=", "basis='own'"],
        {"source": 'Source("A", "T", 2020).at("1", basis="own")'},
    ),
    (
        "refuted on hearsay",
        {"source": 'paper.at("1", basis="recalled")', "expect": 'refuted("why")'},
        ["basis 'recalled'", "theorem, restated, own"],
        {"source": 'paper.at("1", basis="restated")', "expect": 'refuted("why")'},
    ),
    ("refuted without a reason", {"expect": "refuted"}, ["refuted('why')"], {"expect": 'refuted("why")'}),
    ("an expectation as text", {"expect": "'refuted'"}, ["no Expectation", "refuted("], {"expect": 'inconclusive("RANGE", "why")'}),
    ("no simulation", {"simulation": None}, ["no simulation", "because="], {"simulation": "None", "because": '"why"'}),
    ("no title", {"title": "paper"}, ["begins with its title"], {"title": '"Another title."'}),
    ("a tier", {"tier": '"long"'}, ["'long'", "quick, full"], {"tier": '"full"'}),
    ("instances", {"instances": "0"}, ["instances=0"], {"instances": "8"}),
    ("where is no table", {"where": "[k, gap]"}, ["is no table"], {"where": "dict(where)"}),
    (
        "a letter in quotes",
        {"where": 'where | {"D": varies("distance", 1, 2)}'},
        ["'D', which is no letter"],
        {"where": 'where | {D: varies("distance", 1, 2)}'},
    ),
    (
        "a role uncalled",
        {"where": "where | {D: varies}"},
        ["the letter D has the role", "D: varies("],
        {"where": 'where | {C: unknown("constant")}'},
    ),
    (
        "signed and positive",
        {"where": 'where | {signed("D"): varies("distance", 1, 2)}'},
        ["D stands twice"],
        {"where": 'where | {signed("d"): varies("d", 1, 2)}'},
    ),
    (
        "a positive letter fixed below",
        {"where": 'where | {D: fixed("distance", -1)}'},
        ["-1", "signed('D')"],
        {"where": 'where | {D: fixed("distance", 1)}'},
    ),
    (
        "a positive letter of a formula fixed at zero",
        {"where": 'where | {D: fixed("distance", 0)}'},
        ["is not positive", "D = signed('D')"],
        {"where": 'where | {D: fixed("distance", 0)}', "statement": "gap <= L / k"},
    ),
    (
        "a limit without a role",
        {"where": 'where | {gap: measured("gap", up_to=letters("limit"))}'},
        ["up_to=limit", "fixed("],
        {"where": 'where | {gap: measured("gap", up_to=D)}'},
    ),
    ("a typo in a keyword", {"contrls": "()"}, ["Claim() has no contrls=", "Near: controls"], {"controls": "()"}),
    ("a kernel that is not there", {"simulation": '"descent:step"'}, ["no kernel 'step'", "steps"], {"simulation": '"descent:again"'}),
    (
        "a file that is not there",
        {"simulation": '"desent:steps"'},
        ["simulations/desent.py", "Near: descent"],
        {"simulation": '"imported:slowly"'},
    ),
    (
        "a kernel without its file",
        {"simulation": '"steps"'},
        ['is not written "module:kernel"', "Write descent:steps"],
        {"simulation": '("descent:steps", "descent:slow")'},
    ),
    ("a kernel as an object", {"simulation": "sqrt"}, ["no name", "in quotes"], {"simulation": '["descent:steps"]'}),
    (
        "a kernel without its key",
        {"simulation": '"descent:backwards"'},
        ["(problem)", "kernel(key, problem, *, letters)"],
        {"simulation": '"descent:slow"'},
    ),
    (
        "a hungry kernel",
        {"simulation": '"descent:hungry"'},
        ["takes appetite", "appetite: fixed("],
        {"simulation": '"descent:hungry"', "where": 'where | {letters("appetite"): fixed("appetite", 2)}'},
    ),
    (
        "a kernel that takes what is measured",
        {"where": 'where | {k: measured("k")}', "statement": "gap <= D"},
        ["but k is measured"],
        {"statement": "gap <= D"},
    ),
    ("a family that is not there", {"problems": '"bowls:bowls"'}, ["no family 'bowls'", "Near: bowl"], {"problems": '"bowls:alias"'}),
    (
        "a function as a family",
        {"problems": '"shapes:draw"'},
        ["is a function, no family", "Family(draw, build)"],
        {"problems": '"shapes:wide"'},
    ),
    (
        "a family by position",
        {"problems": '"bowls:positional"'},
        ["(parameters, D)", "build(parameters, *, letters)"],
        {"problems": '"bowls:small"'},
    ),
    (
        "a letter that nothing takes",
        {"problems": '"bowls:bowl"', "statement": "gap <= D / n"},
        ["depends on n", "none of descent:steps, bowls:bowl"],
        {"problems": '"bowls:borrowed"', "statement": "gap <= D / n"},
    ),
    (
        "two controls of one title",
        {"controls": f"({control(statement='gap <= D/k**2')}, {control(statement='gap <= D/k**3')})"},
        ["two controls", "Rename"],
        {"controls": control(statement="gap <= D/k**2")},
    ),
    (
        "a control that is none",
        {"controls": "('a control',)"},
        ["controls holds 'a control'", "Control("],
        {"controls": f"[{control(problems='()')}]"},
    ),
    (
        "a control that replaces nothing",
        {"controls": 'Control("a control")'},
        ["replaces nothing"],
        {"controls": control(assuming="()"), "assuming": "n > 4"},
    ),
    (
        "a control with a typo",
        {"controls": 'Control("a control", statment=gap <= D)'},
        ["Control() has no statment=", "Near: statement"],
        {},
    ),
    ("a control's decided statement", {"controls": control(statement="gap >= 0")}, ["the control 'a control'", "True whatever"], {}),
    (
        "a control's kernel",
        {"controls": control(simulation='"descent:slowly"')},
        ["the control 'a control'", "Near: slow"],
        {"controls": control(simulation='"descent:slow"')},
    ),
    ("a control's assumption", {"controls": control(assuming="n > letters('q')")}, ["the control 'a control'", "uses q"], {}),
]

BEFORE = [
    ("a keyword", "lambda_ = letters('lambda')", ["'lambda' is a word of Python", "lambda_"], "lambda_ = letters('lambda_')"),
    ("a name that runs have", "q = letters('noise')", ["'noise'", "Write noise_1"], "q = letters('noise_1')"),
    ("no name of Python", "q = letters('q:3')", ["'q:3'"], "q, r = letters('q, r')"),
    ("a name that data have", "q = letters('instance')", ["'instance'", "instance_1"], "q = letters('instance_1')"),
    ("several texts", "q = letters('q', 'r')", ["letters()", "all names in one text: letters('k L D')"], "q = letters('q r')"),
    ("an empty range", "q = varies('q', 2, 2)", ["one point", 'fixed("q", 2)'], "q = varies('q', 2, 3)"),
    ("a reversed range", "q = grows('q', 9, 2)", ["runs downwards", 'grows("q", 2, 9)'], "q = along('q', 9, 2)"),
    ("a range of one point along", "q = along('q', 9, 9)", ["one point"], "q = along('q', 9, 10)"),
    ("no range", "q = shrinks('q')", ["has no range", 'shrinks("q", low, high)'], "q = shrinks('q', 0.1, 1)"),
    ("half a range", "q = along('q', 1)", ["along()", "high"], "q = along('q', 1, 2)"),
    ("zero", "q = varies('q', 0, 2)", ["got 0", "positive"], "q = varies('q', 1e-9, 2)"),
    ("below zero", "q = varies('q', -1, 2)", ["got -1"], "q = fixed('q', -1)"),
    ("infinity", "q = grows('q', 1, float('inf'))", ["got inf", "finite"], "q = grows('q', 1, 1e9)"),
    ("not a number", "q = fixed('q', float('nan'))", ["got nan"], "q = fixed('q', 0)"),
    ("a truth", "q = fixed('q', True)", ["True, which is no number"], "q = fixed('q', 1)"),
    ("a text", "q = along('q', '1', 9)", ["'1', which is no number"], "q = along('q', 1, 9)"),
    ("a Rational as an end", "q = varies('q', Rational(1, 2), 9)", ["1/2", "such as 0.5"], "q = varies('q', 0.5, 9)"),
    ("a falling list", "q = varies('q', among=(4, 2))", ["must rise", "among=(2, 4)"], "q = varies('q', among=(2, 4))"),
    ("a list and a range", "q = varies('q', 1, 2, among=(1, 2))", ["Write one of them"], "q = varies('q', among=(1,))"),
    ("a list of one", "q = sized('q', among=(4,))", ["one value, 4", 'fixed("q", 4)'], "q = sized('q', among=(4, 8))"),
    ("a number as a list", "q = varies('q', among=4)", ["among=4", "tuple"], "q = varies('q', among=[4])"),
    ("a length with a point", "q = sized('q', 4.0, 8.0)", ["4.0, 8.0", "whole numbers"], "q = sized('q', 4, 8)"),
    ("a unit without brackets", "q = varies('q', 1, 2, unit='m/s')", ["'m/s'", "[f]/[x]^2"], "q = varies('q', 1, 2, unit='[m]/[s]')"),
    ("LaTeX without r", "q = varies('q', 1, 2, symbol='\\beta')", ["symbol=r'\\beta'"], "q = varies('q', 1, 2, symbol=r'\\beta')"),
    ("axes as a text", "q = measured('q', dims='entry')", ["dims=('entry',)"], "q = measured('q', dims=('entry',))"),
    ("a typo", "q = varies('q', 1, 2, uint='[x]')", ["varies() has no uint=", "unit"], "q = varies('q', 1, 2, unit='[x]')"),
    ("a role called twice", "q = varies('q', 1, 2)('q')", ["called like a function"], "q = unknown('q')"),
    ("previous of a sum", "q = previous(D + L)", ["previous() takes one letter"], "q = previous(gap)"),
    ("a wrong import", "from theorylab import alnog", ["theorylab has no alnog", "along"], "from theorylab import along"),
    ("a wrong attribute", "import theorylab as t; t.alnog", ["theorylab has no alnog", "along"], "import theorylab as t; t.along"),
    ("a wrong import of sympy", "from sympy import Sqrt", ["sympy has no Sqrt", "sqrt"], "from sympy import sqrt"),
    ("a missing module", "import cai2024", ["cai2024", "from .cai2024 import name"], "import math"),
    ("a name of sympy", "q = tanh(D)", ["from sympy import tanh"], "from sympy import tanh; q = tanh(D)"),
    ("a name of nobody", "q = gapp + D", ["gapp is not defined", "gap"], "q = gap + D"),
    ("an exception", "raise KeyError('oh')", ["KeyError", "oh"], "q = {}"),
    ("an exit", "import sys; sys.exit(3)", ["ends the program", "Take the exit out"], "import sys"),
    ("a division", "q = 1 / 0", ["ZeroDivisionError in 1 / 0"], "q = 1 / 2"),
]


@pytest.mark.parametrize(("slip", "words"), [row[1:3] for row in STATEMENTS], ids=[row[0] for row in STATEMENTS])
def test_a_statement_that_cannot_be_meant_says_what_to_write(tmp_path, slip, words):
    (error,) = errors(tmp_path, HEADER + "import math\nimport numpy as np\n" + claim(statement=slip))
    assert all(word in error for word in words), error


@pytest.mark.parametrize("statement", [row[3] for row in STATEMENTS], ids=[row[0] for row in STATEMENTS])
def test_a_statement_near_a_slip_loads(tmp_path, statement):
    assert errors(tmp_path, HEADER + claim(statement=statement)) == []


@pytest.mark.parametrize(("fields", "words"), [row[1:3] for row in FIELD_SLIPS], ids=[row[0] for row in FIELD_SLIPS])
def test_a_field_that_cannot_be_meant_says_what_to_write(tmp_path, fields, words):
    (error,) = errors(tmp_path, HEADER + claim(**fields))
    assert all(word in error for word in words), error


@pytest.mark.parametrize("fields", [row[3] for row in FIELD_SLIPS], ids=[row[0] for row in FIELD_SLIPS])
def test_a_field_near_a_slip_loads(tmp_path, fields):
    assert errors(tmp_path, HEADER + claim(**fields)) == []


@pytest.mark.parametrize(("line", "words"), [row[1:3] for row in BEFORE], ids=[row[0] for row in BEFORE])
def test_a_line_that_fails_is_named_and_the_claims_after_it_are_read(tmp_path, line, words):
    claims, failures = load(tmp_path, HEADER + line + "\n" + claim())
    assert [c.name for c in claims] == ["author2020_title.mine"]
    (failure,) = failures
    assert failure.line == HEADER.count("\n") + 1
    assert all(word in failure.error for word in words), failure.error


@pytest.mark.parametrize("line", [row[3] for row in BEFORE], ids=[row[0] for row in BEFORE])
def test_a_line_near_a_slip_is_let_pass(tmp_path, line):
    claims, failures = load(tmp_path, HEADER + line + "\n" + claim())
    assert (len(claims), failures) == (1, [])


# Units

METRES = (
    'where | {gap: measured("gap", unit="[f]"), D: varies("distance", 1, 2, unit="[x]"), L: varies("curvature", 1, 2, unit="[f]/[x]^2")}'
)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("gap <= L * D", ["gap has the unit [f]", "[f] [x]^-1"]),
        ("gap <= L * (D + 1) * D", ["1 has the unit 1 and D the unit [x]", "cannot be added"]),
        ("gap <= L * D**2 * exp(-D)", ["the exponent -D has the unit [x]"]),
        ("gap <= L * D**2 * log(1 + k * D)", ["cannot be added"]),
        ("gap <= L * D**2 * log(D)", ["log is taken of", "pure number"]),
        ("gap <= C * L * D ** k", ["the unit of D**k would depend on k"]),
        ("gap <= Max(L * D, L * D**2)", ["cannot be added or compared"]),
    ],
)
def test_units_that_differ_are_named(tmp_path, statement, words):
    (error,) = errors(tmp_path, HEADER + claim(statement=statement, where=METRES))
    assert all(word in error for word in words), error


@pytest.mark.parametrize(
    "statement",
    [
        "gap <= L * D**2",
        "gap <= L * D**2 * exp(-k)",
        "gap <= Max(L * D**2, previous(gap))",
        "gap <= C / k",
        "gap <= C_1 / k + C_2 * D / k**2",
    ],
)
def test_units_that_agree_load_and_an_unknown_constant_carries_any(tmp_path, statement):
    assert errors(tmp_path, HEADER + claim(statement=statement, where=METRES)) == []


# Controls that are no sharper than their claim

WEAK = [
    ("the same", "gap <= D / k", "gap <= D / k", "identical"),
    ("written another way", "gap <= D / k", "gap <= (D + 2*D) / (3*k)", "identical"),
    ("a larger constant", "gap <= D / k", "gap <= 2 * D / k", "follows from"),
    ("weaker at one corner only", "gap <= D / k", "gap <= D * Max(1, D*L/15) / k", "follows from"),
    ("a weaker contraction", "gap <= previous(gap) / 2", "gap <= previous(gap) / sqrt(2)", "follows from"),
    ("a lower bound lowered", "gap >= D / k", "gap >= D / (2 * k)", "follows from"),
    ("an equation loosened", "Eq(gap, D / k)", "gap <= D / k", "follows from"),
    ("a constant set free", "gap <= D / k", "gap <= C / k", "follows from"),
    ("another constant of a trend", "gap <= C / k", "gap <= 7 * C / k", "follows from"),
    ("a smaller exponent", "gap <= C / k", "gap <= C / sqrt(k)", "follows from"),
    ("a larger factor of log", "gap <= C / k", "gap <= C * (1 + log(k)) / k", "follows from"),
    ("a lower trend lowered", "gap >= C / k", "gap >= C / k**2", "follows from"),
    ("a slower rate", "gap <= C * exp(-c * k)", "gap <= C * exp(-c * k / n)", "follows from"),
    ("the same rate", "gap <= C * exp(-c * k)", "gap <= C * exp(-2 * c * k)", "follows from"),
    ("a box letter of a trend", "gap <= C / k", "gap <= C * D / k", "No test looks for a trend along D"),
    ("a smaller exponent beside a measured letter", "gap <= C * other / k", "gap <= C * other / sqrt(k)", "follows from"),
    ("a measured letter that the constant takes up", "gap <= C * (1 + other) / k", "gap <= C * (2 + other) / k", "follows from"),
    ("twice a bound that is 0 at one", "gap <= log(k)", "gap <= 2 * log(k)", "follows from"),
]
SHARP = [
    ("a smaller constant", "gap <= D / k", "gap <= D / (2 * k)"),
    ("sharper at a corner only", "gap <= D / k", "gap <= D * Min(1, 19 / (D * L)) / k"),
    ("sharper at one end, weaker elsewhere", "gap <= D / k", "gap <= D * (1 + L) / k**2"),
    ("a sharper contraction", "gap <= previous(gap) / 2", "gap <= previous(gap) / 3"),
    ("a measured letter for a constant", "gap <= D / k", "gap <= other / k"),
    ("another quantity", "gap <= D / k", "other <= 2 * D / k"),
    ("a lower bound raised", "gap >= D / k", "gap >= 2 * D / k"),
    ("another number", "Eq(gap, D / k)", "Eq(gap, 2 * D / k)"),
    ("an equation for a bound", "gap <= D / k", "Eq(gap, D / k)"),
    ("another side", "gap <= D / k", "gap >= D / k"),
    ("a larger exponent", "gap <= C / k", "gap <= C / k**2"),
    ("without the log", "gap <= C * (1 + log(k)) / k", "gap <= C / k"),
    ("a sharper trend on another axis", "gap <= C * n / k", "gap <= C * sqrt(n) / k"),
    ("a lower trend raised", "gap >= C / k", "gap >= C / sqrt(k)"),
    ("a faster rate", "gap <= C * exp(-c * k / n)", "gap <= C * exp(-c * k)"),
    ("an explicit bound for a trend", "gap <= C / k", "gap <= 7 / k"),
    ("sharper where it may be negative", "bias <= D", "bias <= D / 2"),
    ("a power of a measured letter", "gap <= C * other / k", "gap <= C * other**2 / k"),
    ("without a measured letter", "gap <= C * other / k", "gap <= C / k"),
    ("a lower trend with a measured letter", "gap >= C / k", "gap >= C * other / k"),
    ("half of a bound that is 0 at one", "gap <= log(k)", "gap <= log(k) / 2"),
    ("a maximum with one part gone", "gap <= C * Max(1 / k, 1 / sqrt(n))", "gap <= C / k"),
]


@pytest.mark.parametrize(("statement", "weaker", "words"), [row[1:] for row in WEAK], ids=[row[0] for row in WEAK])
def test_a_control_no_sharper_than_its_claim_is_a_slip_at_the_controls_line(tmp_path, statement, weaker, words):
    claims, (failure,) = load(tmp_path, HEADER + claim(statement=statement, controls="(\n    " + control(statement=weaker) + ",\n)"))
    assert not claims
    assert "the control 'a control'" in failure.error
    assert words in failure.error
    assert failure.line == HEADER.count("\n") + 2


@pytest.mark.parametrize(("statement", "sharper"), [row[1:] for row in SHARP], ids=[row[0] for row in SHARP])
def test_a_control_that_is_sharper_anywhere_is_let_pass(tmp_path, statement, sharper):
    assert errors(tmp_path, HEADER + claim(statement=statement, controls=control(statement=sharper))) == []


@pytest.mark.parametrize(
    ("fields", "weaker", "stronger"),
    [
        ({"problems": '("bowls:made", "bowls:wide")'}, {"problems": '"bowls:made"'}, {"problems": '"bowls:small"'}),
        ({}, {"where": '{D: varies("distance", 1, 2)}'}, {"where": '{D: varies("distance", 1, 20)}'}),
        ({}, {"where": '{D: fixed("distance", 1)}'}, {"where": '{D: fixed("distance", 100)}'}),
        ({"assuming": "n > 4"}, {"assuming": "(n > 4, L > 1)"}, {"assuming": "()"}),
        ({}, {"simulation": '"descent:steps"'}, {"simulation": '"descent:slow"'}),
        (
            {},
            {"statement": "gap <= D/k", "where": '{D: varies("distance", 1, 2)}'},
            {"statement": "gap <= D/k/2", "where": '{D: varies("distance", 1, 2)}'},
        ),
    ],
    ids=["families", "range", "fixed", "assumption", "kernel", "statement and range"],
)
def test_a_control_that_is_a_part_of_its_claim_is_a_slip(tmp_path, fields, weaker, stronger):
    (error,) = errors(tmp_path, HEADER + claim(**fields, controls=control(**weaker)))
    assert "refuted only if the claim were" in error
    assert errors(tmp_path, HEADER + claim(**fields, controls=control(**stronger))) == []


def test_a_positive_control_and_a_false_claims_control_may_be_weaker(tmp_path):
    weaker = control(statement="gap <= 2*D/k")
    assert errors(tmp_path, HEADER + claim(controls=weaker[:-1] + ", expect=supported)")) == []
    assert errors(tmp_path, HEADER + claim(controls=weaker, expect='refuted("why")')) == []


# Kinds

KINDS = [
    ("gap <= D / k", {"form": "explicit", "side": "upper", "difference": False, "strict": False}),
    ("gap < D / k", {"form": "explicit", "side": "upper", "strict": True}),
    ("D / k >= gap", {"form": "explicit", "side": "upper"}),
    ("D / k < gap", {"form": "explicit", "side": "lower", "strict": True}),
    ("Eq(gap, D)", {"form": "explicit", "side": "two"}),
    ("Eq(D, gap)", {"form": "explicit", "side": "two"}),
    ("bias <= D / k", {"difference": True}),
    ("gap <= D - 1", {"difference": True}),
    ("gap <= log(1 / delta) / k", {"difference": False}),
    ("gap <= log(1 + k) * Max(D, L)", {"difference": False}),
    ("gap <= Piecewise((D, k < 8), (L, True))", {"difference": False}),
    ("gap <= previous(gap)", {"form": "explicit", "difference": False}),
    ("gap <= other - D", {"difference": True}),
    ("gap <= C * Max(1 / k, 1 / n)", {"form": "trend", "side": "upper", "unswept": ()}),
    ("gap >= C * D / k", {"form": "trend", "side": "lower", "unswept": ("D",)}),
    ("gap <= C / k + C * D / k**2", {"form": "trend"}),
    ("gap <= C * (1 + log(k))**2 / sqrt(k)", {"form": "trend"}),
    ("gap <= C", {"form": "trend"}),
    ("gap <= C_1 / k + C_2 / n", {"form": "terms"}),
    ("gap <= C_1 / k + C_2 * (1 + k) / n", {"form": "terms"}),
    ("gap <= C * exp(-c * k)", {"form": "rate"}),
    ("gap <= C * (1 + 2 * L) ** (-c * k)", {"form": "rate", "unswept": ("L",)}),
    ("gap <= exp(-c * k / n)", {"form": "rate"}),
    ("gap <= D * k * exp(-c * k)", {"form": "rate"}),
]


@pytest.mark.parametrize(("statement", "wanted"), KINDS, ids=[row[0] for row in KINDS])
def test_the_test_follows_from_the_statement(tmp_path, statement, wanted):
    (found,), failures = load(tmp_path, HEADER + claim(statement=statement))
    assert not failures
    kind = kind_of(found)
    assert {name: tuple(map(str, value)) if isinstance(value := getattr(kind, name), tuple) else value for name in wanted} == wanted


def test_a_random_bound_is_compared_by_its_difference_in_expectation_only(tmp_path):
    fields = {"statement": "gap <= other / k"}
    (one, many), _ = load(tmp_path, HEADER + claim("one", **fields) + claim("many", holds="in_expectation", **fields))
    assert not kind_of(one).difference
    assert kind_of(many).difference


def test_the_scale_of_a_trend_is_its_bound_without_the_constant_and_a_rate_knows_its_exponent(tmp_path):
    text = HEADER + claim("a", statement="gap <= C/k + C*D/k**2") + claim("b", statement="gap <= C*k*(1 + 2*L)**(-c*k)")
    (trend, rate), _ = load(tmp_path, text)
    assert str(kind_of(trend).scale) in ("D/k**2 + 1/k", "1/k + D/k**2")
    assert str(kind_of(rate).scale) == "k"
    assert str(kind_of(rate).per_step) == "log(2*L + 1)"
    assert kind_of(rate).steps.name == "k"


def test_what_has_no_test_yet_says_so(tmp_path):
    probable = {"holds": "with_probability(0.9)"}
    text = HEADER + claim("a", statement="gap <= C_1/k + C_2/n", **probable) + claim("b", statement="gap <= C/k", **probable)
    text += claim("d", **probable) + claim("e", simulation="None", because="'over all algorithms'")
    text += claim("f", statement="Eq(gap, C/k)", **probable) + claim("g", statement="gap <= C/k", holds="with_probability(0.999)")
    (terms, trend, explicit, stated, equal, rare), _ = load(tmp_path, text)
    assert untested(terms) == untested(trend) == untested(explicit) == ""
    assert "bounds no quantile" in untested(equal)
    assert "blocks of 4,000 runs" in untested(rare)
    assert untested(stated) == "over all algorithms"


@pytest.mark.parametrize("name", ["noise", "parameters", "draw", "floor"])
def test_a_letter_that_a_run_uses_for_something_else_is_a_slip(tmp_path, name):
    assert any("every dataset or kernel has already" in error for error in errors(tmp_path, HEADER + f'{name} = letters("{name}")\n'))
