"""The report: formulas, data, document, pages. Results are put together by hand, so nothing here runs a kernel."""

import errno
import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
import sympy
import xarray as xr
from project_copies import contents
from sympy import Abs, Eq, Max, Piecewise, Rational, exp, log, sqrt

import theorylab
from theorylab import report
from theorylab.catalogue import Failure
from theorylab.claim import (
    Claim,
    Control,
    Source,
    along,
    for_every_instance,
    grows,
    in_expectation,
    letters,
    measured,
    previous,
    refuted,
    shrinks,
    signed,
    sized,
    unknown,
    varies,
    with_probability,
)
from theorylab.kind import kind_of
from theorylab.plan import plan
from theorylab.project import Project
from theorylab.report import dataset, figures, formula, page
from theorylab.report.document import document, exit_code, number
from theorylab.report.junit import junit
from theorylab.report.ledger import ledger
from theorylab.report.plot import Plot
from theorylab.report.schema import json_schema
from theorylab.report.symbols import symbol_mathml
from theorylab.result import Against
from theorylab.verdict.judge import ControlVerdict, Verdict
from theorylab.verdict.parts import Part
from theorylab.verify import Options, Result

KL, KL_0, gap, k, beta, C, c, L, D, T, n, sigma = letters("KL KL_0 gap k beta C c L D T n sigma")
regret = signed("regret")
WHERE = {
    k: along("steps", 1, 64),
    beta: shrinks("regularisation", 0.01, 1.0, symbol=r"\beta"),
    T: grows("rounds", 10, 1000),
    n: sized("dimension", 2, 64),
    L: varies("smoothness", 0.1, 10, unit="[f]/[x]"),
    D: varies("distance", 0.1, 10, unit="[x]"),
    sigma: varies("noise", 0.1, 1, symbol=r"\hat{\sigma}_{1:T}^2"),
    KL: measured("divergence", symbol=r"\mathrm{KL}_k"),
    KL_0: measured("first divergence", symbol=r"\mathrm{KL}_0"),
    gap: measured("gap <of> the policy & more", unit="[f]"),
    regret: measured("regret"),
    C: unknown,
    c: unknown("a constant of the exponent"),
}
PAPER = Source("Ada, Banach & Cauchy", "On <Bounds> & Rates", year=2024, arxiv="2401.00001v1").at("Theorem 1", basis="theorem")
RUN = {"versions": {"jax": "0"}, "device": "cpu", "started": "2026-01-01T00:00:00", "seconds": 1.5}


def claim(statement, **fields) -> Claim:
    given = {"where": WHERE, "simulation": "module:kernel", "problems": ("games:cyclic",), "name": "ada2024_bounds.rate"} | fields
    return Claim(
        "The gap falls & <stays> down.", PAPER, statement, given.pop("where"), file="/home/x/claims/ada2024_bounds.py", line=7, **given
    )


def measurements(factor: float = 0.5, replicates: int = 1) -> xr.Dataset:
    """A gap that is `factor` times L D / k on its worst instance."""
    steps = np.array([1, 2, 4, 8, 16, 32, 64])
    low = np.array([1.0, 2.0, 4.0])
    curve = low[:, None, None] / steps * np.array([factor, 0.3, 0.2])[:, None, None] * np.ones((3, replicates, 1))
    return xr.Dataset(
        {
            "gap": (("instance", "replicate", "k"), curve),
            "ran": (("instance", "replicate"), np.ones((3, replicates), bool)),
            "hits": (("instance",), np.array([1, 2, 3])),
        },
        {"instance": [0, 1, 2], "replicate": list(range(replicates)), "k": steps, "L": ("instance", low), "D": ("instance", np.ones(3))},
    )


def part(verdict="supported", ratio=0.5, **fields) -> Part:
    worst = {"letters": {"L": 1.0, "D": 1.0, "k": 4.0}, "instance": 0, "replicate": 0, "measured": 0.1, "bound": 0.2, "ratio": ratio}
    given = {"tightness": ratio, "worst": worst, "instances": 3, "interval": (ratio, ratio), "detectable": ratio, "margin": np.inf}
    return Part("games:cyclic", verdict, **(given | fields))


def result(verdict="supported", *, control="refuted", ratio=0.5, factor=0.5, fault="", **fields) -> Result:
    controls = (Control("half the constant: |sharp|", statement=gap <= L * D / (4 * k)),)
    stated = claim(gap <= L * D / k, controls=controls, **fields)
    data = {"module:kernel on games:cyclic": measurements(factor)}
    data["control 1/module:kernel on games:cyclic"] = data["module:kernel on games:cyclic"]
    reasons = ("NOISE",) if verdict == "inconclusive" else ()
    caught = ControlVerdict(
        "half the constant: |sharp|", "statement", "refuted", control, part("refuted", np.inf), "", controls[0].statement
    )
    found = Verdict(verdict, reasons, (), parts=(part(verdict, ratio, reasons=reasons),), controls=(caught,))
    if fault:
        found = Verdict("inconclusive", ("BROKEN",), detail=fault)
    return Result(stated, plan(stated), found, {} if fault else data, 0.25, fault=fault)


def unchecked() -> Result:
    stated = claim(gap >= L * D / k, simulation=None, because="a bound over all algorithms", name="ada2024_bounds.lower")
    return Result(stated, None, None, note="a bound over all algorithms")


def written(folder: Path, results, failures=()) -> tuple[report.Written, Project]:
    project = Project(folder, (folder,))
    return report.write(results, failures, Options(), project, RUN), project


# Formulas

STATEMENTS = [
    (KL <= (1 + 2 * beta) ** (-k) * KL_0, "KL <= KL_0*(1 + 2*beta)^(-k)", ["KL", "β", "k", "≤"]),
    (KL <= previous(KL) / (1 + 2 * beta), "KL <= previous(KL)/(1 + 2*beta)", ["KL", "β", "≤", "−"]),
    (gap <= previous(gap) / 2, "gap <= previous(gap)/2", ["gap", "prev"]),
    (gap <= 16 * L * D / (k + 4), "gap <= 16*L*D/(k + 4)", ["16", "L", "D", "k"]),
    (gap <= C * sqrt(T) * log(n), "gap <= C*sqrt(T)*log(n)", ["C", "T", "log", "n"]),
    (gap <= C * exp(-c * k), "gap <= C*exp(-c*k)", ["C", "exp", "c", "k"]),
    (gap <= Max(L, D) / 2, "gap <= max(L, D)/2", ["max", "L", "D"]),
    (gap <= Piecewise((L, k < 3), (D, True)), "gap <= {L if k < 3; D otherwise}", ["L", "D", "if ", "otherwise"]),
    (L / sqrt(k) <= gap, "gap >= L/sqrt(k)", ["≥", "L", "k"]),
    (gap <= C * T ** Rational(2, 3), "gap <= C*T^(2/3)", ["C", "T", "3"]),
    (Eq(regret, L - Abs(D)), "regret = L - D", ["L", "D", "="]),
    (gap <= sigma * sqrt(n) / (2 * k), "gap <= sigma*sqrt(n)/(2*k)", ["σ", "T", "n"]),
    (gap < (1 - 1 / n) ** k, "gap < (1 - 1/n)^k", ["n", "k"]),
    (gap <= L**2 / D**2 - 1, "gap <= L^2/D^2 - 1", ["L", "D", "2", "1"]),
]


@pytest.mark.parametrize(("statement", "plain", "pieces"), STATEMENTS, ids=[plain for _, plain, _ in STATEMENTS])
def test_a_statement_prints_with_its_letters(statement, plain, pieces):
    stated = claim(statement)
    assert formula.text(statement, stated) == plain
    mathml = Xml.fromstring(f"<math>{formula.mathml(statement, stated)}</math>")
    shown = ["".join(leaf.itertext()) for leaf in mathml.iter() if len(leaf) == 0]
    assert set(pieces) <= set(shown)
    latex = formula.latex(statement, stated)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") - latex.count(r"\left\l") == latex.count(r"\right") - latex.count(r"\right\r")


@pytest.mark.parametrize("statement", [s for s, _, _ in STATEMENTS if not s.has(Piecewise, Max) and "previous" not in str(s)])
def test_the_printed_line_reads_back_as_the_statement(statement):
    stated = claim(statement)
    names = {symbol.name: symbol for symbol in WHERE}
    right = re.split(r" [<>]?=? ", formula.text(statement, stated), maxsplit=1)[1].replace("^", "**")
    read = sympy.sympify(right, locals=names | {"sqrt": sqrt})
    bound = statement.rhs if statement.lhs in (gap, KL, regret) else statement.lhs
    values = {symbol: Rational(place + 9, 7) for place, symbol in enumerate(names.values())}
    assert abs(float(read.subs(values)) - float(bound.subs(values))) < 1e-12


def test_a_letter_of_the_previous_step_carries_its_index():
    assert r"\mathrm{KL}_{k-1}" in formula.latex(KL <= previous(KL), claim(KL <= previous(KL)))
    assert r"_{\mathrm{prev}}" in formula.latex(gap <= previous(gap), claim(gap <= previous(gap)))


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\beta", "β"),
        (r"\mathrm{KL}_k", "KLk"),
        (r"\hat{\sigma}_{1:T}^2", "σ^1:T2"),
        (r"\|x\|_\infty", "∥x∥∞"),
        (r"\mathcal{R}_T", "ℛT"),
        (r"x_{", "x"),
        (r"\nosuchcommand", "nosuchcommand"),
        (r"a<b&c", "a<b&c"),
        ("", ""),
    ],
)
def test_the_latex_of_a_letter_is_mathml_whatever_it_holds(latex, shown):
    assert "".join(Xml.fromstring(f"<math>{symbol_mathml(latex)}</math>").itertext()) == shown


# Data


def test_the_data_come_back_as_they_were(tmp_path):
    made = result()
    file = dataset.write(made, tmp_path, RUN)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    with dataset.open_dataset("ada2024_bounds.rate", tmp_path) as tree:
        group = tree["claim/module.kernel.games.cyclic"]
        before = made.data["module:kernel on games:cyclic"]
        for name in before.variables:
            assert group[name].dtype == before[name].dtype
            np.testing.assert_array_equal(group[name].values, before[name].values)
        assert group["L"].attrs["units"] == "[f]/[x]"
        assert group["gap"].attrs["long_name"] == "gap <of> the policy & more"
        assert tree.attrs["statement"] == "gap <= L*D/k"
        assert tree.attrs["verdict"] == "supported"
        assert tree["controls"].children["1-half-the-constant-sharp"].attrs["verdict"] == "refuted"


def test_data_that_a_control_shares_with_its_claim_are_stored_once():
    shared = dataset.tree(result())["controls/1-half-the-constant-sharp/module.kernel.games.cyclic"]
    assert shared.attrs["data"] == "claim/module.kernel.games.cyclic"
    assert not shared.data_vars
    own = replace(
        result(), data={"module:kernel on games:cyclic": measurements(), "control 1/module:kernel on games:cyclic": measurements(0.9)}
    )
    assert "gap" in dataset.tree(own)["controls/1-half-the-constant-sharp/module.kernel.games.cyclic"].data_vars


def test_a_name_without_data_is_answered_with_those_that_are_near(tmp_path):
    dataset.write(result(), tmp_path, RUN)
    with pytest.raises(KeyError, match=r"ada2024_bounds\.rate"):
        dataset.open_dataset("ada2024_bounds.rat", tmp_path)
    with pytest.raises(KeyError, match="theorylab verify"):
        dataset.open_dataset("ada2024_bounds.rate", tmp_path / "nothing")


def test_the_package_opens_the_data_of_the_project_it_stands_in(tmp_path, monkeypatch):
    (tmp_path / "claims").mkdir()
    written(tmp_path, [result()])
    monkeypatch.chdir(tmp_path / "claims")
    with theorylab.open_dataset("ada2024_bounds.rate") as tree:
        assert "claim" in tree.children


# The document


def fits(value, schema) -> bool:
    """Whether a value is as a schema says, for the keywords that ours uses."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
    if not isinstance(value, kinds[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return False
    if isinstance(value, dict):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        if not set(schema.get("required", [])) <= set(value):
            return False
        return all(
            fits(v, properties[name]) if name in properties else (fits(v, rest) if isinstance(rest, dict) else rest)
            for name, v in value.items()
        )
    if isinstance(value, list):
        return schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)) and all(
            fits(v, schema["items"]) for v in value
        )
    return not (schema["type"] in ("integer", "number") and value < schema.get("minimum", value))


def made_of(*results, failures=()):
    return document(results, failures, Options(), RUN)


def everything() -> list[Result]:
    """One result of each sort, each of a claim of its own."""
    made = [make() for make in EVERYTHING.values()]
    return [replace(one, claim=replace(one.claim, name=f"ada2024_bounds.c{place}")) for place, one in enumerate(made)]


EVERYTHING = {
    "supported": lambda: result(),
    "refuted": lambda: result("refuted", ratio=np.inf),
    "inconclusive": lambda: result("inconclusive", ratio=np.nan),
    "control missed": lambda: result("inconclusive", control="supported"),
    "fault": lambda: result(fault="module:kernel on games:cyclic failed at simulations/module.py, line 12: ValueError: \x00 <b>"),
    "unchecked": unchecked,
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_document_is_strict_json_and_fits_its_schema(name):
    found = made_of(EVERYTHING[name](), failures=[Failure("claims/b.py", 3, "no <such> letter")])
    read = json.loads(json.dumps(found, allow_nan=False))
    assert read == found
    assert fits(read, json_schema())


def test_the_schema_check_notices_what_does_not_fit():
    found = made_of(result())
    assert not fits(found | {"schema": 2}, json_schema())
    assert not fits(found | {"extra": 1}, json_schema())
    assert not fits({name: value for name, value in found.items() if name != "run"}, json_schema())
    broken = json.loads(json.dumps(found))
    broken["claims"][0]["verdict"] = "verified"
    assert not fits(broken, json_schema())


@pytest.mark.parametrize(
    ("results", "failures", "code"),
    [
        (["supported"], 0, 0),
        (["supported", "unchecked"], 0, 0),
        (["supported", "refuted"], 0, 1),
        (["control missed"], 0, 1),
        (["supported"], 1, 2),
        (["fault"], 0, 2),
        (["inconclusive"], 0, 3),
        (["inconclusive", "refuted"], 1, 1),
        (["inconclusive"], 1, 2),
        ([], 0, 0),
    ],
)
def test_the_exit_code_is_the_lowest_that_applies(results, failures, code):
    found = made_of(*(EVERYTHING[name]() for name in results), failures=[Failure("claims/b.py", 3, "no")] * failures)
    assert exit_code(found) == code
    states = ("as_expected", "surprising", "undecided", "not_checked", "broken")
    assert sum(found["summary"][state] for state in states) == found["summary"]["claims"] == len(results)


def test_a_refutation_that_was_expected_is_no_surprise():
    assert exit_code(made_of(result("refuted", ratio=2.0, expect=refuted("the constant is wrong")))) == 0


def test_an_advisory_surprise_does_not_gate():
    surprise = result("supported", expect=refuted("the constant is wrong"))
    advisory = replace(surprise, verdict=replace(surprise.verdict, parts=(part(margin=1.0),)))
    assert exit_code(made_of(surprise)) == 1
    assert exit_code(made_of(advisory)) == 3


def test_a_fault_is_a_failure_at_the_kernels_line():
    (failure,) = made_of(EVERYTHING["fault"]())["failures"]
    assert (failure["file"], failure["line"], failure["claim"]) == ("simulations/module.py", 12, "ada2024_bounds.rate")
    (failure,) = made_of(result(fault="lacks a letter"))["failures"]
    assert (failure["file"], failure["line"]) == ("claims/ada2024_bounds.py", 7)


def test_numbers_that_json_lacks_are_words_or_nothing():
    assert [number(v) for v in (np.nan, None, np.inf, -np.inf, np.float64(2.0), 3)] == [None, None, "Infinity", "-Infinity", 2.0, 3]


def test_the_ledger_says_the_same_whenever_it_is_written():
    entries = {entry["name"]: entry for entry in made_of(*everything())["claims"]}
    later = {name: entry | {"seconds": 77.0, "cached": True} for name, entry in reversed(entries.items())}
    assert ledger(entries) == ledger(later)
    assert "| `c0` | supported | sampled |" in ledger(entries)
    assert "| quick, 0.01, seed 0 |" in ledger(entries)
    assert "a bound over all algorithms" in ledger(entries)
    later["ada2024_bounds.c0"]["verdict"] = "refuted"
    assert ledger(entries) != ledger(later)


@pytest.mark.parametrize(
    ("against", "code", "words"),
    [
        (Against("same", (), False, 3), 0, "as recorded with seed 3."),
        (Against("moved", ("ratio: 0.5 -> 0.6",), False, 3), 0, "ratio: 0.5 -&gt; 0.6"),
        (Against("unrecorded", ("it has no record",)), 0, "unrecorded: it has no record."),
        (Against("changed", ("the verdict was refuted, now supported",), True, 3), 1, "NOT as recorded with seed 3."),
        (Against("changed", ("the verdict was refuted, now supported",), False, 3), 3, "advisory, so it does not gate."),
        (Against("contradicted", ("the verdict was refuted, now supported",), True, 3), 1, "CONTRADICTS the record"),
        (Against("lost", ("the control 'x' was refuted, now inconclusive",), False, 3), 3, "was not reached again"),
    ],
)
def test_what_a_claim_is_against_its_record_reaches_page_junit_and_exit_code(against, code, words):
    found = replace(result(), against=against)
    made = made_of(found)
    assert exit_code(made) == code
    assert made["summary"].get(against.state, 1) == 1
    assert fits(made, json_schema())
    html = page.claim_page(found, made["claims"][0], made["run"], [])
    assert words in html
    assert ('class="unlike"' in html) == (code != 0)
    case = next(c for c in Xml.fromstring(junit(made).encode()).iter("testcase") if c.get("name") == f"{found.claim.name}, record")
    assert (case.find("failure") is not None) == (code != 0)


def test_junit_counts_what_went_wrong():
    root = Xml.fromstring(junit(made_of(*everything())).encode())
    assert len(root.findall(".//failure")) == 4  # refuted, inconclusive, and the missed control with its claim
    assert len(root.findall(".//error")) == 1
    assert len(root.findall(".//skipped")) == 1
    assert sum(int(suite.get("tests")) for suite in root) == len(root.findall(".//testcase"))


# Pages


def loads(html: str) -> list[str]:
    """What a page would fetch or run: scripts, styles, images, fonts, frames by reference. Links are not fetched."""
    root = Xml.fromstring(re.sub(r"^<!doctype html>\s*", "", html))
    found = [
        tag
        for node in root.iter()
        if (tag := node.tag.rpartition("}")[2]) in ("script", "link", "iframe", "object", "embed", "base", "img")
    ]
    for node in root.iter():
        name = node.tag.rpartition("}")[2]
        for attribute, value in node.attrib.items():
            key = attribute.rpartition("}")[2].lower()
            if key in ("src", "srcset", "data", "poster", "action", "background") or key.startswith("on"):
                found.append(f"{name} {key}={value}")
            if key == "href" and name != "a" and not value.startswith("#"):
                found.append(f"{name} {key}={value}")
            if key == "http-equiv" and value.lower() == "refresh":
                found.append("refresh")
    styles = " ".join([*("".join(n.itertext()) for n in root.iter("style")), *(n.get("style", "") for n in root.iter())])
    return found + re.findall(r"@import|@font-face|url\((?!['\"]?#)[^)]*\)", styles)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    found, project = written(folder, everything(), [Failure("claims/b.py", 3, "the letter <x> & more")])
    assert found == report.Written(project.reports)
    return {path.relative_to(project.reports).as_posix(): path.read_text(encoding="utf-8") for path in project.reports.rglob("*.html")}


def test_every_page_is_whole_and_loads_nothing(pages):
    assert len(pages) == 1 + len(EVERYTHING)
    for name, html in pages.items():
        assert loads(html) == [], name
        root = Xml.fromstring(re.sub(r"^<!doctype html>\s*", "", html))
        assert root.get("lang") == "en"
        assert len(root.findall(".//h1")) == 1
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert len(ids) == len(set(ids)), name
        for link in root.iter("a"):
            target = link.get("href", "")
            where = (Path(name).parent / target).as_posix()
            assert target.startswith("https://arxiv.org/") or target.endswith((".nc", ".json", ".xml")) or os.path.normpath(where) in pages
        assert all(cell.get("scope") for cell in root.iter("th"))
        assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in root.iter("svg"))


@pytest.mark.parametrize(
    "injected",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="https://example.org/x.css"/>',
        '<img src="https://example.org/x.png" alt=""/>',
        "<style>@import 'https://example.org/x.css';</style>",
        '<p style="background: url(https://example.org/x.png)">x</p>',
        '<p onclick="x()">x</p>',
        '<svg><use href="https://example.org/x.svg#a"/></svg>',
    ],
)
def test_a_page_that_loads_something_is_caught(pages, injected):
    assert loads(pages["index.html"].replace("<main>", f"<main>{injected}"))


def test_the_index_shows_every_claim_and_every_failure(pages):
    html = pages["index.html"]
    for n in range(len(EVERYTHING)):
        assert f"claims/ada2024_bounds.c{n}.html" in html
    assert "claims/b.py" in html
    assert "the letter &lt;x&gt; &amp; more" in html
    assert "supported (sampled)" in html
    assert html.index("claims/b.py") < html.index("<table")


def test_a_claims_page_says_what_was_found_and_how_to_repeat_it(pages):
    html = pages["claims/ada2024_bounds.c0.html"]
    for wanted in (
        "theorylab replay ada2024_bounds",
        "Theorem 1",
        "@misc{ada2024bounds",
        r"\frac{L D}{k}",
        "half the constant",
        "../data/",
    ):
        assert wanted in html
    assert html.count("<svg") >= 2
    assert "the interval still straddles" in pages["claims/ada2024_bounds.c2.html"]
    assert "a bound over all algorithms" in pages["claims/ada2024_bounds.c5.html"]


def test_the_same_result_gives_the_same_page_and_is_not_written_twice(tmp_path):
    first, project = written(tmp_path / "a", [result()])
    file = project.reports / "claims" / "ada2024_bounds.rate.html"
    _, other = written(tmp_path / "b", [result()])
    # A page names the hash of its data file, which holds the time when it was written.
    pages = [re.sub(r'(digest" content="\w+)-\w+', r"\1", path.read_text()) for path in (file, other.reports / "claims" / file.name)]
    assert pages[0] == pages[1]
    assert pages[0] != file.read_text()
    stamp = file.stat().st_mtime_ns
    written(tmp_path / "a", [replace(result(), seconds=99.0)])
    assert file.stat().st_mtime_ns == stamp
    written(tmp_path / "a", [result(factor=0.4)])
    assert file.stat().st_mtime_ns != stamp
    assert first.complete


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (np.nan, "–"),
        (np.inf, "∞"),
        (0.98921, "0.9892"),
        (1 - 4.7e-6, "1 − 4.7×10⁻⁶"),
        (1e-6, "10⁻⁶"),
        (2.78e293, "2.78×10²⁹³"),
        (1.0, "1"),
        (-3, "−3"),
    ],
)
def test_numbers_are_shown_for_people(value, shown):
    assert page.show(value) == shown


# Figures


def judged(statement, data, quantifier=for_every_instance, family=None, **trend) -> Result:
    stated = claim(statement, holds=quantifier)
    trends = {"k": {"slope": 0.1, "low": 0.0, "high": 0.2, "threshold": 0.1, "window": 1.0, "since": None, **trend}} if trend else {}
    found = family or part(trends=trends, **({"tightness": None} if trends else {}))
    return Result(stated, plan(stated), Verdict("supported", parts=(found,)), {"module:kernel on games:cyclic": data}, 0.1)


@pytest.mark.parametrize(
    ("made", "least"),
    [
        (lambda: judged(gap <= L * D / k, measurements()), 2),
        (lambda: judged(gap <= L * D / k, measurements(replicates=8), in_expectation), 2),
        (lambda: judged(gap <= L * D / k, measurements(replicates=8), with_probability(Rational(9, 10))), 2),
        (lambda: judged(gap >= L * D / (10 * k), measurements()), 2),
        (lambda: judged(gap <= C / k, measurements(), slope=0.05), 3),
        (lambda: judged(gap <= C * exp(-c * k), measurements(), slope=0.05), 2),
        (lambda: judged(gap <= previous(gap), measurements()), 0),
        (lambda: judged(gap <= L * D / k, measurements() * np.nan), 0),
        (lambda: judged(gap <= L * D / k, measurements().isel(k=[3])), 0),
        (lambda: judged(gap <= L * D / k, measurements().isel(k=3, drop=True)), 0),
        (lambda: judged(gap <= L * D / k, measurements().assign(gap=measurements()["gap"] * 0)), 1),
        (lambda: judged(gap <= L * D / k, measurements() * 1e290), 0),
        (lambda: judged(gap <= L * D / k, measurements().drop_vars("gap")), 0),
        (lambda: judged(gap <= L * D / k, measurements(), family=Part("games:cyclic", "inconclusive", ("ASSUMPTION",))), 1),
        (unchecked, 0),
    ],
    ids=[
        "bound",
        "mean",
        "probability",
        "lower",
        "trend",
        "rate",
        "previous",
        "nan",
        "one point",
        "no axis",
        "zero",
        "huge",
        "missing",
        "assumption",
        "unchecked",
    ],
)
def test_figures_are_drawn_where_the_data_suit_and_left_out_elsewhere(made, least):
    drawn = figures.figures(made())
    assert len(drawn) >= least
    for figure in drawn:
        root = Xml.fromstring(figure.svg)
        assert "#00000" not in figure.svg
        assert root.get("aria-label")


@pytest.mark.parametrize(("low", "high", "sign"), [(1, 64, -1), (64, 1, 1)])
def test_slopes_are_drawn_in_the_direction_in_which_a_run_meets_the_letter(low, high, sign, monkeypatch):
    drawn = {}
    line = figures.Plot.line
    monkeypatch.setattr(
        figures.Plot, "line", lambda self, x, y, role, label="", **more: drawn.update({label: y}) or line(self, x, y, role, label, **more)
    )
    made = judged(gap <= C / k, measurements().assign(gap=measurements()["gap"] / measurements()["k"] ** 0.25), slope=0.05)
    where = dict(made.claim.where) | {k: along("accuracy", low, high)}
    figures.figures(replace(made, claim=replace(made.claim, where=where)))
    assert drawn["local slope"] == pytest.approx(sign * 0.25)
    assert np.sign(drawn["threshold"][-1] - drawn["threshold"][0]) == -sign


def test_cells_that_did_not_count_are_drawn_apart():
    counted = np.ones((3, 7), bool)
    counted[:, 5:] = False
    data = measurements().assign(counted=(("instance", "k"), counted))
    assert "not counted" in figures.figures(judged(gap <= L * D / k, data))[0].svg
    assert "not counted" not in figures.figures(judged(gap <= L * D / k, measurements()))[0].svg


def test_a_plot_that_fails_costs_its_figures_and_says_so(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(figures, "figures", fails)
    found, project = written(tmp_path, [result()])
    assert "no ink" in found.message
    assert not found.complete
    monkeypatch.setattr(page, "claim_page", fails)
    found, _ = written(tmp_path / "other", [result()])
    assert "the page of ada2024_bounds.rate" in found.message
    assert (project.reports / "claims" / "ada2024_bounds.rate.html").is_file()


def test_data_that_a_killed_run_left_beside_an_older_page_are_written_again(tmp_path, monkeypatch):
    _, project = written(tmp_path, [result()])
    file = project.reports / "data" / "ada2024_bounds.rate.nc"
    before = contents(file)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(page, "claim_page", killed)
        with pytest.raises(KeyboardInterrupt):
            written(tmp_path, [result("refuted", ratio=2.0)])
    assert contents(file) != before
    written(tmp_path, [result()])
    assert contents(file) == before


# Where it cannot be written


def test_a_report_that_cannot_go_to_its_place_goes_to_a_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "reports").write_text("a file where the folder should be")
    found, _ = written(tmp_path / "project", [result()])
    assert (found.folder / "index.html").is_file()
    assert (found.folder / "data" / "ada2024_bounds.rate.nc").is_file()
    assert str(found.folder) in found.message
    assert "reports could not be written" in found.message


def test_a_full_disk_loses_nothing_and_raises_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    _, project = written(tmp_path, [result()])
    before = {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    found, _ = written(tmp_path, [result("refuted", ratio=2.0)])
    assert not found.complete
    assert "No space left on device" in found.message
    assert {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()} == before


def test_data_that_do_not_fit_raise_and_leave_nothing(tmp_path):
    # HDF5 itself ends the process where it can write only a part.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            dataset.write(result(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_report_is_whole_where_only_its_first_place_is_full(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    settle = os.replace

    def full(source, target):
        if "temporary" not in str(target):
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        settle(source, target)

    monkeypatch.setattr(os, "replace", full)
    found, project = written(tmp_path, [result()])
    assert found.complete
    assert (found.folder / "index.html").is_file()
    assert not list(project.reports.rglob("*.*"))


def test_importing_the_report_loads_neither_jax_nor_matplotlib():
    code = (
        "import sys, theorylab.report, theorylab.report.page, theorylab.report.figures, theorylab.report.dataset, theorylab.report.junit\n"
    )
    code += "print(*{'jax', 'matplotlib'} & {name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert run.stdout.strip() == ""


def test_the_kind_of_every_statement_here_is_known():
    assert {kind_of(claim(s)).side for s, _, _ in STATEMENTS[:3]} == {"upper"}


def test_a_trend_read_on_a_part_of_the_range_says_so_on_the_page_and_in_the_document():
    part_only = judged(gap <= C / k, measurements(), slope=0.05, window=0.5, since=8.0)
    words = "read on the last 50% of the range (in the logarithm), from k = 8 on"
    found = document([part_only], [], Options(), RUN)
    entry = found["claims"][0]
    made = page.claim_page(part_only, entry, found["run"], [])
    assert f"<li>supported on games:cyclic: {words}</li>" in made
    assert f"(at most +0.100; {words})" in made
    assert (entry["trend"]["window"], entry["trend"]["since"]) == (0.5, 8.0)
    whole = judged(gap <= C / k, measurements(), slope=0.05)
    found = document([whole], [], Options(), RUN)
    assert "read on the last" not in page.claim_page(whole, found["claims"][0], found["run"], [])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (gap <= L * D / k, "the largest ratio to the bound is below 0.1"),
        (gap <= C / k, "in every instance, the ratio to the bound falls"),
        (gap >= C / k, "in every instance, the ratio to the bound rises"),
        (gap <= C * exp(-c * k), "the decay is faster than claimed: it speeds up"),
        (gap >= C * exp(-c * k), "the decay is slower than claimed: it slows down"),
    ],
)
def test_loose_is_explained_by_what_was_compared(statement, said):
    made = judged(statement, measurements(), **({} if statement.free_symbols & {L} else {"slope": -0.5}))
    made = replace(made, verdict=replace(made.verdict, flags=("loose",)))
    found = document([made], [], Options(), RUN)
    assert said in page.claim_page(made, found["claims"][0], found["run"], [])


@pytest.mark.parametrize("reach", [0.0125, 1.0, 12500.0])
def test_no_label_beside_the_axis_is_clipped(reach):
    plot = Plot("wide labels", xlog=True)
    plot.line(np.geomspace(0.001, 1, 9), np.linspace(-reach, reach, 9), "measured", "local slope")
    plot.labels("epsilon", "slope of log(ratio)")
    plot.svg("a plot")
    box = plot.axes.get_tightbbox()
    assert box.x0 >= 0
    assert 0 <= box.y0
    assert box.y1 <= plot.figure.bbox.height
