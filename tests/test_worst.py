"""A search on demand: what it prints and keeps, the simplest instance that is as bad, and the file that people read, edit and delete."""

import re
import shlex
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from project_copies import theorylab

from theorylab import exhibit, shrink, store, words, worst
from theorylab import plan as planning
from theorylab.catalogue import find_claims
from theorylab.claim import Slip, grows, with_probability
from theorylab.instance import THREE, Found, complexity, ratio
from theorylab.outcome import failure
from theorylab.project import find_project
from theorylab.replay import NoSuchPoint, found, rows
from theorylab.report.document import claim_entry
from theorylab.report.page import claim_page
from theorylab.report.schema import json_schema
from theorylab.result import Options, Result
from theorylab.search import Enough
from theorylab.simulate import Simulator
from theorylab.stale import stale
from theorylab.verify import verify

VALLEY = Path(__file__).parent / "projects" / "valley"
NAME = "valley2026_descent.wrong"
FILE = f"claims/found/{NAME}.toml"
BY_HAND = """
[[found]]
family = "valleys:valleys"
letters = {L = 1, d = 2, N = 20}
parameters = {far = 0, bend = -3.5, place = [0, 0]}
"""
RUN = {"error_budget": None, "versions": {"theorylab": "0"}, "device": "", "started": ""}


def claims_of(folder):
    return {claim.name.rpartition(".")[2]: claim for claim in find_claims(find_project(folder)).claims}


def copied(folder):
    shutil.copytree(VALLEY, folder, ignore=shutil.ignore_patterns(".theorylab", "reports", "__pycache__", "found"))
    return folder


def kept(claim, text):
    exhibit.path(claim).parent.mkdir(exist_ok=True)
    exhibit.path(claim).write_text(text)
    return claim


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A project where one claim was searched, and what the command said."""
    folder = copied(tmp_path_factory.mktemp("valley") / "project")
    return folder, theorylab(folder, "search", "wrong", "--budget", "512")


@pytest.fixture(scope="module")
def simulator(searched):
    return Simulator(find_project(searched[0]))


@pytest.fixture(scope="module")
def judged(searched, simulator):
    """The claim with an instance that somebody typed in, as verify judges it."""
    folder = copied(searched[0].parent / "edited")
    claim = kept(claims_of(folder)["wrong"], BY_HAND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(planning.SEARCHED, "quick", (8, 0, 512))
        return claim, verify(claim, simulator)


# The command


def test_a_refutation_that_was_found_exits_1_and_names_drawn_found_and_simplest(searched):
    _, run = searched
    assert run.returncode == 1, run.stdout + run.stderr
    said = dict(re.findall(r"^  (worst of 96 drawn|worst found|simplest like it) +([\d.]+)", run.stdout, re.MULTILINE))
    drawn, worst_found, simplest = (float(said[name]) for name in ("worst of 96 drawn", "worst found", "simplest like it"))
    assert 0 < drawn < 1 < simplest <= worst_found < 1.0205  # the true bound is 1/0.98 of the wrong one
    assert re.search(r"in \d+ runs\n    L = .*, bend = .*, far = .*, place = \[.*\]\n    the problem has R = ", run.stdout)
    assert f"stored in {FILE}; run again by  theorylab replay {NAME} --found" in run.stdout
    assert "valley2026_descent.wrong: refuted, expected supported" in run.stdout


def test_the_simplest_instance_violates_when_its_digits_are_typed_into_another_program(searched):
    *_, simplest = tomllib.loads((searched[0] / FILE).read_text())["found"]
    numbers, letters = simplest["parameters"], simplest["letters"]
    digits = [*np.ravel([*numbers["place"], numbers["bend"], numbers["far"]]), letters["L"]]
    assert np.count_nonzero(digits) <= 12
    assert all(complexity(value) <= THREE for value in digits)
    # Huber's function and gradient descent once more, by hand.
    L, far = letters["L"], np.exp(numbers["far"] / 2)
    bend, x = far / (1 + np.exp(0.2 - numbers["bend"])), far
    for _ in range(letters["N"]):
        x -= min(x, bend)
    gap = L * (x**2 / 2 if x <= bend else bend * (x - bend / 2))
    bound = 0.98 * L * far**2 / (4 * letters["N"] + 2)
    assert gap > bound
    assert gap / bound == pytest.approx(simplest["ratio"], rel=1e-5)  # the file has six digits of it


def test_the_simplest_instance_takes_fewer_steps_and_has_zeros(searched):
    first, *_, simplest = tomllib.loads((searched[0] / FILE).read_text())["found"]
    assert simplest["letters"]["N"] == 10
    assert simplest["parameters"]["place"] == [0.0, 0.0]
    assert all(value != 0 for value in first["parameters"]["place"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--family", "valleys:hills"), "has the families valleys:valleys, not valleys:hills"),
        (("--at", "sigma=3"), "sigma does not move: it is fixed at 2. What moves: N, L, d"),
        (("--at", "N=12.5"), "N = 12.5 is not whole. Write a whole number from 10 to 64"),
        (("--at", "N"), "has no number. Write --at N=25"),
    ],
)
def test_bad_input_exits_2_and_says_what_to_write(searched, more, words, monkeypatch):
    from typer.testing import CliRunner

    from theorylab.cli import app

    monkeypatch.chdir(searched[0])
    monkeypatch.setattr("theorylab.stop.noted", lambda: bool)
    run = CliRunner().invoke(app, ["search", "wrong", *more])
    assert run.exit_code == 2
    assert words in run.stderr


def test_a_claim_that_no_single_instance_breaks_is_refused_with_what_to_do():
    claims = claims_of(VALLEY)
    chance = replace(claims["right"], holds=with_probability(0.9))
    assert "unknown constant C" in worst.refused(claims["order"])
    assert "theorylab verify valley2026_descent.order tests its trend" in worst.refused(claims["order"])
    assert "State it for every instance" in worst.refused(chance)
    assert "needs a kernel" in worst.refused(replace(claims["right"], simulation=None, because="nobody can run it"))
    assert not worst.refused(claims["right"])
    assert not worst.refused(claims["mean"])


def test_letters_stay_where_they_are_told_to_and_a_narrower_search_keeps_what_was_worse(searched, simulator):
    claim = claims_of(searched[0])["wrong"]
    before = exhibit.load(claim)
    search = worst.Search(claim, simulator, {"N": 25, "d": 2}, 0, 256)
    (sought,) = search.families()
    assert {"N": 25, "d": 2}.items() <= dict(sought.simplest.letters).items()
    assert sought.found.excess < max(one.excess for one in search.kept["valleys:valleys"])
    assert len(exhibit.load(claim, search.stored([sought]))) == len(before)


def test_a_search_that_is_ended_has_the_worst_so_far(searched, simulator):
    asked = iter([False, False, False])
    search = worst.Search(claims_of(searched[0])["right"], simulator, {}, 0, 10**6, lambda: next(asked, True))
    (sought,) = search.families()
    assert sought.found.evaluations < 1000
    assert sought.found == sought.simplest
    assert sought.found.excess > sought.drawn[1]


# What is simplest


def simplest(found, bad, **roles):
    """The simplest instance for which `bad(parameters, letters)` is as large as it was."""
    asked = []

    def excesses(several):
        asked.append(len(several))
        return np.array([bad(np.array(one.parameters), dict(one.letters)) for one in several])

    room = shrink.Room(roles, (), lambda one: (("x", (dict(one.letters).get("d", 5),)),))
    least = shrink.enough(excesses([found])[0], "upper")
    return shrink.simplest(found, excesses, room, least), asked


FIVE = Found("f", (0.31234, -1.73123, 2.5123, 0.77123, -3.2123), (("m", 17), ("d", 5)), 1.0, -1.0, 1, shapes=(("x", (5,)),))


def test_numbers_that_do_not_matter_become_0_and_others_have_as_few_digits_as_they_can():
    shrunk, asked = simplest(FIVE, lambda x, at: 1.0 if 0.305 < x[0] < 0.32 and abs(x[1] + 2) < 0.5 else -1.0)
    assert shrunk.parameters == (0.31, -2.0, 0.0, 0.0, 0.0)
    assert len(asked) < 80  # one block each, where trying number after number by itself would take as many as there are candidates


def test_numbers_that_hang_together_are_rounded_together():
    shrunk, _ = simplest(FIVE, lambda x, at: 1.0 if (x[2] == 0) == (x[4] == 0) else -1.0)
    assert shrunk.parameters == (0.0,) * 5


def test_sizes_and_whole_letters_become_smaller_in_their_range():
    roles = {"m": grows("whole", 2, 40), "d": replace(grows("size", 2, 8), kind="sized")}
    shrunk, _ = simplest(FIVE, lambda x, at: 1.0 if at["m"] >= 2 and len(x) >= 3 else -1.0, **roles)
    assert dict(shrunk.letters) == {"m": 2, "d": 3}
    assert len(shrunk.parameters) == 3


def test_a_real_letter_is_rounded_within_its_range():
    found = replace(FIVE, letters=(("L", 0.5234), ("d", 5)))
    shrunk, _ = simplest(found, lambda x, at: 1.0, L=grows("real", 0.52, 2.0))
    assert dict(shrunk.letters)["L"] == 1.0
    narrow, _ = simplest(found, lambda x, at: 1.0, L=grows("real", 0.52, 0.6))
    assert dict(narrow.letters)["L"] == 0.52


def test_what_must_be_kept_of_a_ratio():
    assert ratio(shrink.enough(-0.2, "upper"), "upper", False) == pytest.approx(0.99 * 0.8)
    assert ratio(shrink.enough(-1.0, "lower"), "lower", False) == pytest.approx(0.99 * 0.5)
    assert 1e-9 < shrink.enough(3e-8, "upper") < 3e-8
    assert shrink.enough(np.inf, "upper") == 1e-3


def test_shrinking_that_is_ended_keeps_what_it_has():
    calls = iter(range(3))

    def excesses(several):
        if next(calls, None) is None:
            raise Enough
        return np.array([1.0 if one.parameters[0] else -1.0 for one in several])

    room = shrink.Room({}, (), lambda one: one.shapes)
    assert shrink.simplest(FIVE, excesses, room, 0.5).parameters == (*FIVE.parameters[:2], 0.0, 0.0, 0.0)


# The file


def test_what_stands_in_the_file_is_judged_with_the_controls_and_begins_the_search(judged):
    _, result = judged
    drawn, part = result.verdict.parts
    assert (drawn.verdict, part.family, part.verdict) == ("supported", "valleys:valleys, found", "refuted")
    assert all(control.verdict == "refuted" for control in result.verdict.controls)
    typed, own = result.found
    assert typed.parameters == (-3.5, 0.0, 0.0, 0.0)
    assert 0.001 < typed.excess < own.excess
    assert part.instances == 2
    assert result.verdict.tightness == pytest.approx(1 + own.excess)


def test_a_kept_instance_of_an_expectation_is_judged_in_the_quick_tier_too(searched, simulator, tmp_path):
    claims = claims_of(copied(tmp_path / "project"))
    claim = replace(claims["mean"], statement=claims["wrong"].statement)
    assert verify(claim, simulator).found == ()
    result = verify(kept(claim, BY_HAND), simulator)
    (found,) = result.found
    assert (found.parameters, found.evaluations) == ((-3.5, 0.0, 0.0, 0.0), 0)
    drawn, part = result.verdict.parts
    assert (drawn.verdict, part.family, part.verdict) == ("supported", "valleys:valleys, found", "refuted")
    assert result.verdict.verdict == "refuted"


def test_a_refutation_by_a_found_instance_says_what_it_is_and_how_to_run_it_again(judged, searched, simulator):
    claim, result = judged
    said = failure(result)
    line = next(line for line in said.splitlines() if line.strip().startswith("replay"))
    assert f"theorylab replay {NAME} --found --problem valleys:valleys --instance 1" in line
    assert re.search(r"instance +[\d.]+ drawn, 1\.02\d+ found in \d+ runs: L = .*bend = ", said)
    assert "simplest" in said
    assert "bend = -3.5, far = 0.0, place = [0.0, 0.0]" in said
    # The command's own words name the instance that decided.
    words_ = shlex.split(line)
    again = found(claim, simulator, result, problem=words_[words_.index("--problem") + 1], instance=int(words_[-1]))
    head, body = rows(claim, simulator, problem="valleys:valleys", found=again)
    ratios = {row[head.index("N")]: float(row[-1]) for row in body}
    assert len(ratios) > 20
    assert max(ratios.values()) == pytest.approx(result.verdict.worst.worst["ratio"], rel=1e-9)


def test_a_replay_runs_the_instance_of_the_file_at_every_checkpoint_and_at_its_own(judged, simulator):
    claim, _ = judged
    head, body = rows(claim, simulator, found=found(claim, simulator, None))
    ratios = {row[head.index("N")]: float(row[-1]) for row in body}
    assert ratios["20"] > 1 > ratios["64"]
    with pytest.raises(NoSuchPoint, match="There is no number 7"):
        found(claim, simulator, None, instance=7)
    with pytest.raises(NoSuchPoint, match=r"theorylab search valley2026_descent\.right"):
        found(claims_of(VALLEY)["right"], simulator, None)
    again = replace(claim, controls=claim.controls[:1])
    control = rows(again, simulator, found=found(claim, simulator, None), control=1)[1]
    assert float(control[-1][-1]) > ratios["64"]


def test_the_document_and_the_page_show_what_was_found(judged):
    _, result = judged
    entry = claim_entry(result)
    typed, own = entry["found"]
    assert typed["parameters"] == {"bend": -3.5, "far": 0.0, "place": [0.0, 0.0]}
    assert typed["letters"] == {"L": 1.0, "d": 2, "N": 20}
    assert own["ratio"] == pytest.approx(entry["tightness"])
    shape = json_schema()["properties"]["claims"]["items"]["properties"]["found"]["items"]
    assert set(typed) == set(shape["required"])
    html = claim_page(result, entry, RUN, ())
    assert "Found by searches" in html
    assert "bend = -3.5, far = 0, place = [0, 0]" in html
    assert f"theorylab replay {NAME} --found --problem valleys:valleys" in html


def test_a_changed_a_new_and_a_deleted_file_make_its_claim_stale(tmp_path):
    folder = copied(tmp_path / "p")
    project, claims = find_project(folder), {name: claim for name, claim in claims_of(folder).items() if name in ("right", "wrong")}
    ask = lambda: {name: "; ".join(why) for name, claim in claims.items() if (why := stale(project, claim, Options()))}  # noqa: E731
    none = Result(claims["wrong"], None, None, note="by hand")
    for claim in claims.values():
        store.save(project, replace(none, claim=claim), store.parts(project, claim, Options()))
    assert ask() == {}
    kept(claims["wrong"], BY_HAND)
    assert ask()["wrong"].startswith(f"{FILE} is new")
    store.save(project, replace(none, claim=claims["wrong"]), store.parts(project, claims["wrong"], Options()))
    assert ask() == {}
    kept(claims["wrong"], BY_HAND.replace("-3.5", "-3.4"))
    assert ask()["wrong"].startswith(f"{FILE} changed")
    exhibit.path(claims["wrong"]).unlink()
    # The result from before the file was there holds again.
    assert ask() == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[[found]]", "[[found]", "is no TOML: "),
        ("[[found]]", "[[lost]]", "Begin each with [[found]]"),
        ("valleys:valleys", "valleys:hills", "names the family 'valleys:hills'"),
        ("family =", "families =", "has families, which nobody reads"),
        ("N = 20", "N = 200", "N = 200 lies outside the claim's 10 to 64"),
        ("d = 2", "d = 5", "d = 5 lies outside the claim's 2, 3"),
        ("N = 20", 'N = "20"', "N = '20' is no number"),
        ("N = 20", "M = 20", "there is no letter M. What moves: N, L, d"),
        ("L = 1, ", "", "gives L no value. Add L = a number from 0.5 to 2"),
        ("letters = {", "evaluations = 'many'\nletters = {", "evaluations = 'many', which is no number of that kind"),
    ],
)
def test_a_file_that_does_not_fit_names_itself_what_is_wrong_and_what_to_write(tmp_path, old, new, words):
    claim = claims_of(VALLEY)["wrong"]
    assert len(exhibit.load(claim, BY_HAND)) == 1
    with pytest.raises(Slip) as caught:
        exhibit.load(claim, BY_HAND.replace(old, new, 1))
    assert FILE in str(caught.value)
    assert words in str(caught.value)
    assert f"theorylab search {NAME} then writes another" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("place = [0, 0]", "place = [0, 0, 0]", "gives place = [0, 0, 0], but valleys:valleys takes 2 numbers"),
        ("far = 0, ", "", "gives bend, place, but valleys:valleys is built of bend (one number), far (one number), place (2 numbers)"),
        ("far = 0", "far = 'near'", "gives far = near, but valleys:valleys takes one number"),
    ],
)
def test_other_numbers_than_the_family_is_built_of_are_said(old, new, words):
    (one,) = exhibit.load(claims_of(VALLEY)["wrong"], BY_HAND.replace(old, new, 1))
    with pytest.raises(Slip) as caught:
        one.built((("bend", ()), ("far", ()), ("place", (2,))))
    assert words in str(caught.value)


def test_a_file_that_does_not_fit_breaks_its_claim_alone(tmp_path, simulator):
    claims = claims_of(copied(tmp_path / "p"))
    broken = verify(kept(claims["wrong"], BY_HAND.replace("valleys:valleys", "valleys:hills")), simulator)
    assert broken.fault.startswith(f"{FILE}, instance 0, names the family 'valleys:hills'")
    assert not exhibit.load(claims["right"])


def test_what_is_written_is_read_again_to_the_last_digit():
    claim = claims_of(VALLEY)["wrong"]
    numbers = tuple(np.random.default_rng(0).normal(size=4).tolist())
    letters = (("N", 20), ("L", 1 / 3 + 0.5), ("d", 2))
    written = Found("valleys:valleys", numbers, letters, 0.01, -0.5, 7, shapes=(("bend", ()), ("far", ()), ("place", (2,))))
    (read,) = exhibit.load(claim, exhibit.written(claim, [written]))
    back = read.built(written.shapes)
    assert (back.parameters, dict(back.letters), back.evaluations) == (numbers, dict(letters), 7)
    assert back.drawn == pytest.approx(-0.5)


def test_a_long_array_is_broken_into_lines_that_are_read_again():
    claim = claims_of(VALLEY)["wrong"]
    shapes = (("a b", (40, 2)),)
    numbers = tuple(np.random.default_rng(0).normal(size=80).tolist())
    text = exhibit.written(claim, [Found("valleys:valleys", numbers, (("N", 20), ("L", 1.0), ("d", 2)), 0.0, 0.0, 1, shapes=shapes)])
    assert max(map(len, text.splitlines())) <= exhibit.WIDTH
    assert exhibit.load(claim, text)[0].built(shapes).parameters == numbers
    assert words.instance(claim, replace(FIVE, parameters=numbers, shapes=shapes)).endswith("80 of them not 0")
