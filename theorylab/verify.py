"""The line for one claim: plan, simulate look by look, estimate, judge with its controls, confirm."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from . import exhibit, portfolio
from . import plan as planning
from . import search as searching
from .budget import confirming
from .cells import Cells
from .claim import Claim, Control, Slip
from .diagnostics import Diagnostics, diagnostics
from .estimate import BY_ROUNDING, cells, height_of
from .exhibit import Exhibit
from .halving import rounds
from .instance import Found, with_worse
from .kind import equation, needed, searched, untested
from .machines import Unusable
from .plan import SEARCH, TOP, Plan
from .project import Project, family_signature, kernel_signature
from .result import Options, Result
from .rounding import by_rounding, doubtful
from .simulate import KernelFault, Lanes, Run, Simulator, block_size
from .verdict import identity
from .verdict.judge import ControlVerdict, Generated, Verdict, combine, found_again, judge_family, ranked, with_controls, with_generated
from .verdict.mutants import generated, powerless
from .verdict.parts import Part, Rule
from .verdict.portfolios import attained
from .witness import SHAKES, witnessed

FRESH = 1_000_003
ASIDE = 500_000
# The replicates on which an expectation's worst instance is sought begin here, beyond all that are judged.
APART = 300_000
STARTS = tuple(range(4))
FLOOR_INSTANCES = 16
STRETCH = 10.0
ROUNDED = "beyond the bound by rounding alone"
QUICK = Options()


def takes(project: Project, claim: Claim) -> frozenset[str]:
    """The letters that a claim's kernels and families take, as far as their source says."""
    signatures = [kernel_signature(project, name) for name in claim.kernels]
    signatures += [family_signature(project, name) for name in claim.problems]
    return frozenset(letter for s in signatures for letter in (*(s.takes or ()), *s.optional))


def verify(claim: Claim, simulator: Simulator, options: Options = QUICK) -> Result:
    """Checks one claim with its controls. Never raises for what a kernel does; a fault is part of the result. Raises Unusable."""
    began = time.perf_counter()
    note = untested(claim)
    if not note and claim.tier == "full" and options.tier == "quick":
        note = "not run (full)"
    if note:
        return Result(claim, None, None, note=note)
    plan = None
    try:
        exhibits = exhibit.load(claim)
        plan = planning.plan(claim, takes=takes(simulator.project, claim), tier=options.tier, alpha=options.alpha, seed=options.seed)
        main = Trial(plan, simulator, kept=bool(exhibits))
        controls = [(control, _control_trial(plan, control, simulator, kept=bool(exhibits))) for control in claim.controls]
        for look in range(len(plan.looks)):
            main.advance(look)
            for _, trial in controls:
                trial.advance(look)
            if main.decided and all(trial.decided for _, trial in controls):
                break
        main.search(planning.searched(plan.tier, plan.instances), exhibits)
        for _, trial in controls:
            trial.search_as(main)
        verdict = with_generated(main.confirmed(confirming(options.alpha, options.shared)), main.generated())
        if plan.kind.unswept:
            verdict = replace(verdict, flags=(*verdict.flags, "box untested"))
        verdict = with_controls(
            replace(verdict, tau=plan.tau), [_control_verdict(control, trial) for control, trial in controls], bool(claim.kernels)
        )
        data = main.data() | {
            f"control {n + 1}/{name}": group for n, (_, trial) in enumerate(controls) for name, group in trial.data().items()
        }
        seconds, found = time.perf_counter() - began, tuple(one for found in main.found.values() for one in found)
        return Result(claim, plan, verdict, data, seconds, device=simulator.device, diagnostics=main.diagnostics(), found=found)
    except Unusable:
        raise
    except Exception as error:
        fault = str(error) if isinstance(error, (KernelFault, Slip)) else f"{type(error).__name__}: {error}"
        broken = Verdict("inconclusive", ("BROKEN",), detail=fault)
        return Result(claim, plan, broken, seconds=time.perf_counter() - began, fault=fault)


class Trial:
    """One claim, or one control, on its way through the looks."""

    def __init__(
        self,
        plan: Plan,
        simulator: Simulator,
        control: bool = False,
        first: int = 0,
        only: Mapping[str, tuple[int, ...]] | None = None,
        kept: bool = False,
    ) -> None:
        """`first` numbers the first replicate; `only` names the families, and in each the instances, to look for a refutation in.

        `kept` says that the claim's file keeps instances that were found, which are judged also where none are searched for.
        """
        self.plan, self.simulator, self.control, self.first, self.only = plan, simulator, control, first, only
        self.searches = searched(plan.claim, plan.kind, plan.tier)
        self.judges_found = self.searches or (kept and searched(plan.claim, plan.kind, "full"))
        self.verdict = Verdict("inconclusive", ("BUDGET",))
        self.look = 0
        self.found: dict[str, tuple[Found, ...]] = {}
        self._groups: dict[str, tuple[Run, Cells, Cells | None]] = {}
        self._whole: set[str] = set()

    @property
    def decided(self) -> bool:
        """Whether more replicates could not change the verdict. A support waits until data that break the bound would be caught."""
        if not self.plan.noisy:
            return True
        waits = self.verdict.verdict == "supported" and not self.control and self.only is None
        return self.verdict.verdict != "inconclusive" and not (waits and powerless(self.verdict.parts))

    def advance(self, look: int) -> None:
        """Judges with the replicates of this look, unless an earlier one decided."""
        if look and self.decided:
            return
        self.look = look
        self._combine([*(self._part(kernel, family, look) for kernel, family in self.places), *self._parts_found(look)])

    def _combine(self, parts: list[Part]) -> None:
        self.verdict = combine(parts, self.plan.tau)
        if portfolio.apart(self.plan.claim):
            self.verdict = attained(self.verdict)

    def search(self, budget: int, exhibits: Sequence[Exhibit] = ()) -> None:
        """Looks for a worse instance of each family than those that were drawn, with so many runs, and judges the worst beside them.

        With `exhibits`, which earlier searches found, it begins, and they are judged too. Raises Slip for one that does not fit.
        """
        if self.verdict.verdict == "refuted" or not self.judges_found:
            return
        kept, moved, still = self.remembered(exhibits), 0, 0
        for kernel, family in self.places:
            label = portfolio.label(self.plan.claim, kernel, family or "")
            slow = self.plan.tier == "quick" and self.simulator.is_python(replace(self.run(family), kernel=kernel))
            found = None if slow or not (budget and self.searches) else self.pursued(kernel, family, budget, kept.get(label, ()))
            still += found is None and self._instances(replace(self.run(family), kernel=kernel)) == 1
            moved += found is not None
            if several := with_worse(kept.get(label, ()), found):
                self.found[label] = several
        self._judge_found()
        if moved and moved + still == len(self.places):
            self.verdict = replace(self.verdict, evidence="searched")

    def search_as(self, other: Trial) -> None:
        """Judges the worst instances that were found for another statement or algorithm beside its own."""
        if self.verdict.verdict != "refuted" and self.judges_found:
            self.judge(other.found)

    def judge(self, found: Mapping[str, Sequence[Found]]) -> None:
        """Judges instances that were found, by the label of their family, beside those that were drawn."""
        places = {portfolio.label(self.plan.claim, kernel, family or ""): (kernel, family) for kernel, family in self.places}
        for label in found.keys() & places.keys():
            run = replace(self.run(places[label][1]), kernel=places[label][0])
            if several := tuple(one for one in found[label] if self.fits(one, run)):
                self.found[label] = several
        self._judge_found()

    def pursued(
        self,
        kernel: str,
        family: str | None,
        budget: int,
        known: Sequence[Found] = (),
        climbing: bool | None = None,
        stopped: Callable[[], bool] = bool,
    ) -> Found | None:
        """The worst instance of a family that a search finds with so many runs, beginning with those known and those drawn.

        None where nothing of the family can be moved. Once `stopped`, it is the worst so far.
        """
        run, label = replace(self.run(family), kernel=kernel), portfolio.label(self.plan.claim, kernel, family or "")
        aside = Trial(self.plan, self.simulator.passing(), first=self.first)
        found = aside._worst(run, label, self._groups[label][1], budget, climbing, known, stopped)
        if found is None:
            return None
        # Of an expectation, what was drawn is compared on the replicates of the search.
        drawn = found.drawn if self.plan.noisy else self.drawn(label)[1]
        return replace(found, shapes=self.simulator.shapes(searching.run_of(found, run)), drawn=drawn)

    def drawn(self, label: str) -> tuple[int, float]:
        """How many instances of a family were drawn, and by how much the worst of them exceeds its bound."""
        seen = self._groups[label][1]
        return len(seen.instances), float(searching.excess(seen, self._has_floor).max(initial=-np.inf))

    def fits(self, one: Found, run: Run) -> bool:
        """Whether an instance is one of the run's: a control's family may be of another size."""
        sizes = run.sized & {name for name, _ in run.sweep}
        return sizes <= dict(one.letters).keys() and self.simulator.shapes(searching.run_of(one, run)) == one.shapes

    def remembered(self, exhibits: Sequence[Exhibit]) -> dict[str, tuple[Found, ...]]:
        """Instances that are kept in the claim's file, with their excess as it is now, by the label of their family. Raises Slip."""
        found: dict[str, tuple[Found, ...]] = {}
        for kernel, family in self.places:
            label, run = portfolio.label(self.plan.claim, kernel, family or ""), replace(self.run(family), kernel=kernel)
            for one in (one for one in exhibits if one.found.family == label):
                built = one.built(self.simulator.shapes(searching.run_of(one.found, run)))
                found[label] = (*found.get(label, ()), replace(built, excess=float(self.excesses(kernel, family, (built,))[0])))
        return found

    def excesses(self, kernel: str, family: str | None, found: Sequence[Found]) -> np.ndarray:
        """By how much each of these instances, all of one size, exceeds its bound: at its checkpoint where it names one, else at most."""
        run = replace(self.run(family), kernel=kernel)
        name = run.along[0] if run.along else ""
        named = [dict(one.letters).get(name) for one in found]
        run = searching.run_on(found, run)
        if run.along and all(value is not None for value in named):
            last = max(run.along[1].index(value) for value in named)
            run = replace(run, along=(name, run.along[1][: last + 1]))
        data = self._best(run, [Lanes(tuple(range(len(found))), self._aside)])
        seen = cells(self.plan.claim, self.plan.kind, family or "", kernel, data)
        only = np.array([seen.axes[name] == value if value is not None else np.ones_like(seen.keep[0]) for value in named])
        return searching.seen(seen, self._has_floor, only).excess

    def constants(self, kernel: str, family: str | None, found: Found) -> dict[str, float]:
        """What is measured of an instance once for all of its run, by letter, and what its problem holds as single numbers."""
        run = searching.run_of(found, replace(self.run(family), kernel=kernel))
        data = self._best(run, [Lanes((0,))])
        once = {name: float(v.values.item()) for name, v in data.data_vars.items() if name != "ran" and v.size == 1}
        return self.simulator.scalars(run, 0) | {str(name): value for name, value in once.items()}

    @property
    def _aside(self) -> tuple[int, ...]:
        """The replicates that a search tries candidates on: of an expectation some that no test takes."""
        begin, cost = (self.first + APART, searching.REPLICATES) if self.plan.noisy else (self.first, 1)
        return tuple(range(begin, begin + cost))

    def _judge_found(self) -> None:
        """Judges what was found beside what was drawn, with more replicates where these leave it open."""
        if self.found:
            self._combine([*self.verdict.parts, *self._parts_found(self.look)])
            for look in range(self.look + 1, len(self.plan.looks)):
                self.advance(look)

    def _parts_found(self, look: int) -> list[Part]:
        parts = []
        for kernel, family in self._every_place:
            label = portfolio.label(self.plan.claim, kernel, family or "")
            found = self.found.get(label, ())
            runs = searching.alike(found, replace(self.run(family), kernel=kernel))
            # One that is among the drawn is judged there.
            worse = [[n for n in few if self.plan.noisy or not found[n].excess <= found[n].drawn] for few, _ in runs]
            named = [(portfolio.found(label, n), tuple(few), run) for n, (few, (_, run)) in enumerate(zip(worse, runs, strict=True)) if few]
            parts += [self._judged(run, name, few, look) for name, few, run in named if self.only is None or name in self.only]
        return parts

    def _worst(
        self,
        run: Run,
        label: str,
        drawn: Cells,
        budget: int,
        climbing: bool | None = None,
        known: Sequence[Found] = (),
        stopped: Callable[[], bool] = bool,
    ) -> Found | None:
        """The worst instance of a family: where drawn ones are nearest to the bound in sizes of arrays, there a search goes on.

        `climbing` says whether gradients are taken where there are any; where it is not given, the full tier does. An expectation is
        searched on replicates that no test takes, the same for all candidates. It begins with the instances `known` and, once
        `stopped`, gives the worst so far.
        """
        claim, plan = self.plan.claim, self.plan
        if run.sized:
            run = self._of_one_size(run, drawn)
            first = max(known, key=lambda one: one.excess, default=None)
            if first is not None and first.excess > searching.excess(drawn, self._has_floor).max():
                at = dict(first.letters)
                run = replace(run, sweep=tuple((name, (at[name],) if name in run.sized else values) for name, values in run.sweep))
            known = [one for one in known if all((dict(one.letters)[name],) == values for name, values in run.sweep if name in run.sized)]
        scores, points, instances = None, (), tuple(range(searching.DRAWN))
        if not plan.noisy:
            scores, points, instances = searching.nearest(drawn, dict(run.sweep), self._has_floor)
        numbers = self.simulator.drawn(run, instances)
        said: tuple[str, ...] = ()
        if not numbers.shape[1] and self.simulator.is_random(run):
            # Their keys tell such instances apart, and one of them is all that candidates can have in common.
            worst = drawn.instances[int(searching.excess(drawn, self._has_floor).argmax())]
            run, scores = replace(run, like=worst), None
            said = ("its instances are built of no numbers to move: only letters moved",)
        space = searching.Space(claim, run, numbers, instances, points=points)
        if known:
            space.begin(known)
            scores = None
        replicates, cost = self._aside, len(self._aside)

        def seen(run: Run, count: int) -> searching.Seen:
            if stopped():
                raise searching.Enough
            data = self._best(run, [Lanes(tuple(range(count)), replicates)])
            return searching.seen(cells(claim, plan.kind, label, run.kernel, data), self._has_floor)

        slopes = None
        if space.is_smooth and (plan.tier == "full" if climbing is None else climbing):
            slopes, why = self._slopes(space, run, seen, replicates)
            said += why
        score = lambda run, count: seen(run, count).excess  # noqa: E731
        lanes = run.block if cost == 1 else max(run.block // cost, searching.STARTS)
        found = searching.worst(space, score, label, budget // cost, lanes, plan.seed, slopes=slopes, known=scores, said=said)
        return found and replace(found, evaluations=cost * found.evaluations)

    def _of_one_size(self, run: Run, drawn: Cells) -> Run:
        """The run at the sizes of arrays where the instances that were drawn come nearest to the bound."""
        over = drawn.excess().mean(1) if self.plan.noisy else drawn.excess().max(1)
        at = drawn.point(*divmod(int(np.nan_to_num(over, nan=-np.inf).argmax()), drawn.keep.shape[1]))
        return replace(run, sweep=tuple((name, (int(at[name]),) if name in run.sized else values) for name, values in run.sweep))

    def _slopes(self, space: searching.Space, run: Run, seen: Any, replicates: tuple[int, ...]) -> tuple[Any, tuple[str, ...]]:
        """Scores and gradients of candidates where the kernel has any; else nothing, and why."""
        from .ascent import Unclimbable, weigher

        claim, kind = self.plan.claim, self.plan.kind
        if self.simulator.is_python(run):
            return None, ("no gradients: the kernel is plain Python",)
        try:
            weigh = weigher(claim, kind, run)
        except Unclimbable as fault:
            return None, (f"no gradients: {fault}",)
        sign = -1.0 if kind.side == "lower" else 1.0

        def slopes(candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            there = seen(space.run(candidates), len(candidates))
            above, below = searching.weights(there, kind)
            weights = {"cell": there.cell, "above": sign * above, "below": sign * below}
            gradients = self.simulator.gradients(space.held(candidates), weigh, str(kind.scale), weights, replicates)
            return there.excess, space.uphill(candidates, gradients)

        return slopes, ()

    def confirmed(self, alpha: float | None = None) -> Verdict:
        """The verdict, where a refutation was found again: in other arithmetic, or on fresh seeds and (a claim's trend) a longer range.

        `alpha` is the error to spend on that, the same as before where it is not given.
        """
        if self.verdict.verdict != "refuted":
            return self.verdict
        guilty = [part for part in self.verdict.parts if part.verdict == "refuted"]
        if not self.plan.noisy and self.plan.kind.form == "explicit":
            sure = {part.family: self._witnessed(part) for part in guilty}
            if any(sure.values()):
                return replace(self.verdict, parts=tuple(sure.get(part.family) or part for part in self.verdict.parts))
            if all(portfolio.is_found(family) for family in sure):
                return self._without(sure)
            return replace(self.verdict, verdict="inconclusive", reasons=("ROUNDING",), detail="")
        if self.control and not self.plan.noisy:
            return self.verdict
        if equation(self.plan.claim, self.plan.kind) and not any(self._is_bias(part) for part in guilty):
            return replace(self.verdict, verdict="inconclusive", reasons=("ROUNDING",))
        # The same instances, which may be rare, with replicates that nothing was chosen on.
        suspects = {part.family: self._groups[part.family][1].instances for part in guilty}
        longer = replace(_longer(self.plan, stretch=1.0 if self.control else STRETCH), alpha=alpha or self.plan.alpha)
        again = Trial(longer, self.simulator, self.control, FRESH, suspects)
        again.found = self.found
        # A bias that few replicates show, since a rare event is missing among them, is asked of all of them.
        last = equation(self.plan.claim, self.plan.kind) and not self.control
        for look in range(len(self.plan.looks) - 1 if last else 0, len(self.plan.looks)):
            again.advance(look)
            if again.decided:
                break
        if again.verdict.verdict != "refuted":
            return replace(self.verdict, verdict="inconclusive", reasons=("UNCONFIRMED",), detail="")
        grown = [self.plan.claim.role(part.steepest.partition(", ")[0]).lengthens for part in guilty if part.trends]
        return replace(self.verdict, flags=(*self.verdict.flags, *([] if all(grown) else ["range not extended"])))

    def _without(self, acquitted: Collection[str]) -> Verdict:
        """The verdict without instances that were sought out and break the bound by rounding alone: where a ratio is as near to 1 as
        numbers go, a search climbs in their last digits."""
        evidence = self.verdict.evidence
        self._combine([part for part in self.verdict.parts if part.family not in acquitted])
        for label in {portfolio.drawn(family) for family in acquitted}:
            self.found[label] = tuple(replace(one, said=(*one.said, ROUNDED)) for one in self.found[label])
        return replace(self.verdict, evidence=evidence)

    def generated(self) -> tuple[Generated, ...]:
        """The controls that the judge makes itself, on the data of the look that decided."""
        judged = [(part, self._groups[part.family][1]) for part in self.verdict.parts]
        return generated(self.plan.claim, judged, self._rule(self.look))

    def data(self) -> dict[str, xr.Dataset]:
        """The measurements, one dataset per kernel and family; `counted` marks the cells that the judge took, `floor` is where runs end."""
        groups = {}
        for label, (run, found, _) in self._groups.items():
            instances = tuple(range(self.plan.looks[self.look])) if self._averaged else found.instances
            measured = self._measured(run, instances, self._replicates(self.look, run, len(instances)))
            wanted = ("instance", *measured[self.plan.kind.quantity.name].dims)
            dims = [d for d in dict.fromkeys(wanted) if d != "replicate" and not (self._averaged and d == "instance")]
            counted = found.keep.reshape([measured.sizes[d] for d in dims])
            measured = measured.assign(counted=(dims, counted))
            floor, quantity = self._floor(run, instances, measured, label in self._whole), self.plan.kind.quantity.name
            if floor is not None and quantity in floor and floor.attrs.get(BY_ROUNDING, True):
                measured = measured.assign(floor=height_of(self.plan.claim, floor[quantity], measured[quantity]))
            which = label.removeprefix(portfolio.drawn(label))
            groups[f"{run.kernel} on {run.family}{which}" if run.family else f"{run.kernel}{which}"] = measured
        return groups

    def _witnessed(self, part: Part) -> Part | None:
        """The refuted part with a witness that survives other arithmetic, if there is one."""
        run, found, _ = self._groups[part.family]
        rerun = lambda run, lanes: self._best(run, [lanes])  # noqa: E731
        if equation(self.plan.claim, self.plan.kind) != "identity":
            return witnessed(self.plan.claim, part, found, run, rerun, self.control)
        lanes = Lanes((part.worst["instance"],), SHAKES, shaken=int(part.worst["replicate"]))
        shaken = cells(self.plan.claim, self.plan.kind, part.family, run.kernel, rerun(run, lanes))
        return part if identity.unmoved(found, shaken, part.worst) else None

    def _is_bias(self, part: Part) -> bool:
        """Whether a difference that never varies is still there with the inputs moved by one unit in the last place, in each of 16 ways."""
        if part.interval is None or part.interval[0] < part.interval[1] or not np.isfinite(part.worst["ratio"]):
            return True
        run = self._groups[part.family][0]
        instance, replicate = (self.first, 0) if self._averaged else (part.worst["instance"], self.first + SEARCH)
        shaken = self._best(run, [Lanes((instance,), SHAKES, shaken=replicate)])
        after, _ = identity.residual(cells(self.plan.claim, self.plan.kind, part.family, run.kernel, shaken))
        return identity.stays(part.worst["measured"] - part.worst["bound"], after[0, :, part.worst["cell"]])

    def diagnostics(self) -> dict[str, Diagnostics]:
        """How each family's curve grows at its worst point, where there is a curve; nothing here decides."""
        found = {p.family: diagnostics(self.plan.claim, self._groups[p.family][1], p.worst) for p in self.verdict.parts}
        return {family: shown for family, shown in found.items() if shown is not None}

    @property
    def places(self) -> list[tuple[str, str | None]]:
        """What is judged by itself: every family, under each kernel where the claim is a lower bound on several."""
        found = self._every_place
        return [p for p in found if self.only is None or portfolio.label(self.plan.claim, p[0], p[1] or "") in self.only]

    @property
    def _every_place(self) -> list[tuple[str, str | None]]:
        kernels = self.plan.claim.kernels if portfolio.apart(self.plan.claim) else self.plan.claim.kernels[:1]
        return [(kernel, family) for kernel in kernels for family in self.plan.claim.problems or (None,)]

    def _part(self, kernel: str, family: str | None, look: int) -> Part:
        run = replace(self.run(family), kernel=kernel)
        return self._judged(run, portfolio.label(self.plan.claim, kernel, family or ""), tuple(range(self._instances(run))), look)

    def _judged(self, run: Run, label: str, instances: tuple[int, ...], look: int) -> Part:
        """Judges these instances of a run, of which the worst were chosen at an earlier look or are chosen now, under a label."""
        plan, rule = self.plan, self._rule(look)
        known = self._groups.get(label)
        search = known[2] if known else None
        chosen = known[1].instances if known else None
        if chosen is None:
            chosen = self.only[label] if self.only is not None else instances
            if plan.noisy and not self._averaged:
                search, chosen = self._searched(run, chosen, rule)
        instances = chosen if not self._averaged else tuple(range(self.first, self.first + plan.looks[look]))
        found = self._cells(run, label, instances, self._replicates(look, run, len(instances)))
        if self._averaged:
            found = found.over_instances()
            search = self._cells(run, label, tuple(range(self.first + 100_000, self.first + 100_000 + SEARCH)), (0,)).over_instances()
        twin = self._twin(run, instances, self._replicates(look, run, len(instances)))
        part = judge_family(plan.claim, found, rule, search, twin)
        if part.verdict == "refuted" and not plan.noisy and len(instances) > FLOOR_INSTANCES:
            # The floor was sought on a few instances. Cells that no floor could reach need no more; if those acquit, it is sought on all.
            found = found.above_floors()
            part = judge_family(plan.claim, found, rule, search, twin)
            if part.verdict != "refuted":
                self._whole.add(label)
                found = self._cells(run, label, instances, self._replicates(look, run, len(instances)), whole_floor=True)
                part = judge_family(plan.claim, found, rule, search, twin)
        blind = part.verdict == "refuted" and self._blind_to_floors(run)
        if blind and judge_family(plan.claim, found.above_floors(), rule, search, twin).verdict != "refuted":
            # Where rounding may have stopped the run, nobody knows what the algorithm would have done.
            part = replace(part, verdict="inconclusive", reasons=("FLOOR",), flags=(*part.flags, "floor unknown"))
        if part.verdict == "supported" and plan.noisy and look < len(plan.looks) - 1 and found.identical:
            part = replace(part, verdict="inconclusive", reasons=("NOISE",))
        self._groups[label] = (run, found, search)
        return part

    def _rule(self, look: int) -> Rule:
        plan, share = self.plan, portfolio.shared(self.plan.claim)
        again = self.only is not None
        return Rule(plan.tau, plan.alphas[look] / share, plan.alpha / share, self.control, plan.looks[-1], self._shares, again)

    @property
    def _shares(self) -> int:
        """How many parts share the error of a refutation: each family, and the worst instance that a search may find of it."""
        if self.only is not None:
            return len(self.only)
        return len(self.places) * (2 if self.plan.noisy and self.judges_found else 1)

    def _searched(self, run: Run, instances: tuple[int, ...], rule: Rule) -> tuple[Cells, tuple[int, ...]]:
        """The worst instances, and what the search saw of those that it looked at longest; the test takes other replicates."""
        claim, label = self.plan.claim, portfolio.label(self.plan.claim, run.kernel, run.family or "")
        floor_of = instances[:FLOOR_INSTANCES]
        (_, done), *later = rounds(len(instances), SEARCH, self.plan.block)
        # A block may be longer than the replicates left aside for the search.
        first = self.first + (ASIDE if done > SEARCH else 0)
        seen = self._measured(run, instances, tuple(range(first, first + done)))
        floor = self._floor(run, floor_of, seen)
        found = cells(claim, self.plan.kind, label, run.kernel, seen, floor)
        for count, replicates in later:
            instances = ranked(claim, found, rule, count)
            more = self._measured(run, instances, tuple(range(first + done, first + replicates)))
            seen, done = _together([seen.sel(instance=list(instances)), more]), replicates
            found = cells(claim, self.plan.kind, label, run.kernel, seen, floor)
        return found, ranked(claim, found, rule, TOP)

    @property
    def _averaged(self) -> bool:
        return self.plan.claim.holds.name == "on average over the family"

    @property
    def _has_floor(self) -> bool:
        """Whether the quantity falls along a run: only then is where a run ends, started near the solution, a floor."""
        if self.plan.along is None or self.plan.kind.side == "lower":
            return False
        return bool(self.plan.along[1][-1] > self.plan.along[1][0])

    def _blind_to_floors(self, run: Run) -> bool:
        """Whether runs may end in rounding without a start near the solution to tell; a trend and a rate are not read that far."""
        return self._has_floor and self.plan.kind.form == "explicit" and not self.simulator.has_solution(run)

    def _replicates(self, look: int, run: Run, instances: int) -> tuple[int, ...]:
        if self._averaged:
            return (0,)
        if not self.plan.noisy:
            # A statement about every instance is one about every run: a random kernel runs as often as there could be instances.
            few = instances < self.plan.instances and run.like is None and self.simulator.is_noisy(run)
            return tuple(range(-(-self.plan.instances // instances) if few else 1))
        return tuple(range(self.first + SEARCH, self.first + SEARCH + self.plan.looks[look]))

    def _instances(self, run: Run) -> int:
        boxed = any(self.simulator.takes(run, name) for name in self.plan.varies)
        return self.plan.instances if boxed or self.simulator.is_random(run) else 1

    def _cells(self, run: Run, label: str, instances: tuple[int, ...], replicates: tuple[int, ...], whole_floor: bool = False) -> Cells:
        data = self._measured(run, instances, replicates)
        return cells(self.plan.claim, self.plan.kind, label, run.kernel, data, self._floor(run, instances, data, whole_floor))

    def _twin(self, run: Run, instances: tuple[int, ...], replicates: tuple[int, ...]) -> Cells | None:
        """The same runs in float32, for an identity; None where its kernels do not run in it."""
        if equation(self.plan.claim, self.plan.kind) != "identity":
            return None
        for precision in ("single", "only single"):
            # What draws in float32 draws other numbers.
            if precision == "single" or not self.simulator.is_noisy(run):
                twin = replace(run, precision=precision)
                with contextlib.suppress(KernelFault):
                    return cells(self.plan.claim, self.plan.kind, run.family or "", run.kernel, self._measured(twin, instances, replicates))
        return None

    def _floor(self, run: Run, instances: tuple[int, ...], measured: xr.Dataset, whole: bool = False) -> xr.Dataset | None:
        """Runs that were started near the solution, where there are any; float32 tells whether rounding stops them, where that is open."""
        if not self._has_floor or not self.simulator.has_solution(run):
            return None
        few = instances if self.plan.noisy or whole else instances[:FLOOR_INSTANCES]
        lanes, claim = [Lanes(few, STARTS, near_solution=True)], self.plan.claim
        ends = self._best(run, lanes)
        if doubtful(claim, ends, measured):
            with contextlib.suppress(KernelFault):
                twin = self._best(replace(run, precision="single"), lanes)
                ends = ends.assign_attrs({BY_ROUNDING: by_rounding(claim, ends, twin)})
        return ends

    def _measured(self, run: Run, instances: tuple[int, ...], replicates: tuple[int, ...]) -> xr.Dataset:
        """All replicates of some instances, computed in the steps in which the looks ask for them."""
        steps, begin = [], 0
        for end in (len(replicates),) if len(replicates) <= SEARCH else sorted({*self.plan.looks, len(replicates)}):
            if begin < len(replicates):
                steps.append(Lanes(instances, replicates[begin:end]))
                begin = end
        return self._best(run, steps)

    def merged(self, run: Run, lanes: Lanes) -> xr.Dataset:
        """The data of all of the claim's kernels, the best of several, with the letters that rival kernels measure beside them."""
        return portfolio.best_of(self.plan.claim, [self._data(replace(run, kernel=kernel), lanes) for kernel in self.plan.claim.kernels])

    def _best(self, run: Run, steps: list[Lanes]) -> xr.Dataset:
        """The data of the kernel that is judged, all steps together; of several, the best of them."""
        kernels = (run.kernel,) if portfolio.apart(self.plan.claim) else self.plan.claim.kernels
        found = []
        for kernel in kernels:
            parts = [self._data(replace(run, kernel=kernel), lanes) for lanes in steps]
            found.append(_together(parts))
        return portfolio.best_of(self.plan.claim, found)

    def _data(self, run: Run, lanes: Lanes) -> xr.Dataset:
        """The data of one kernel, with the letters that rival kernels measure beside them."""
        claim = self.plan.claim
        keep = lambda values: planning.admissible(claim, values)  # noqa: E731
        measured = self.simulator.data(run, lanes, keep)
        for kernel, outputs in _rivals(claim).items():
            rival = self.simulator.data(replace(run, kernel=kernel, outputs=outputs, needed=frozenset(o[0] for o in outputs)), lanes, keep)
            measured = measured.assign({letter: rival[letter] for letter, _, _ in outputs})
        return measured

    def run(self, family: str | None) -> Run:
        """The run of the claim's first kernel on one family."""
        plan = self.plan
        claim = plan.claim
        rivals = {letter for outputs in _rivals(claim).values() for letter, _, _ in outputs}
        outputs = tuple((s.name, s.name, role.dims) for s, role in claim.where.items() if role.kind == "measured" and s.name not in rivals)
        sized = frozenset(s.name for s, role in claim.where.items() if role.kind == "sized")
        points = {"" if name in plan.together else name: len(values) for name, values in plan.sweep.items() if name not in sized}
        lanes = int(np.prod(list(points.values()) or [1])) * (plan.instances if not plan.noisy else TOP * plan.looks[0])
        return Run(
            kernel=claim.kernels[0],
            family=family,
            sweep=tuple((name, tuple(values.tolist())) for name, values in plan.sweep.items()),
            along=(plan.along[0], tuple(plan.along[1].tolist())) if plan.along else None,
            varies=tuple((name, tuple(values.tolist())) for name, values in plan.varies.items()),
            fixed=tuple(plan.fixed.items()),
            sized=sized,
            together=frozenset(plan.together),
            outputs=outputs,
            needed=frozenset(needed(claim)),
            seed=plan.seed,
            tier=plan.tier,
            block=block_size(lanes),
        )


def _together(steps: list[xr.Dataset]) -> xr.Dataset:
    """Datasets of one grid that differ in their replicates, as one; what has no replicates is the first's."""
    if len(steps) == 1:
        return steps[0]
    first, found = steps[0], {}
    for name, values in first.variables.items():
        found[name] = values
        if "replicate" in values.dims:
            axis = values.dims.index("replicate")
            found[name] = (values.dims, np.concatenate([step.variables[name].values for step in steps], axis), values.attrs)
    return xr.Dataset({name: found[name] for name in first.data_vars}, {name: found[name] for name in first.coords}, first.attrs)


def _control_trial(plan: Plan, control: Control, simulator: Simulator, kept: bool) -> Trial:
    claim = plan.claim.under(control)
    own = planning.plan(claim, takes=takes(simulator.project, claim), tier=plan.tier, alpha=plan.alpha, seed=plan.seed, tau=plan.tau)
    own = replace(own, looks=plan.looks) if own.noisy == plan.noisy else own
    return Trial(own, simulator, control.expect.verdict == "refuted", kept=kept)


def _control_verdict(control: Control, trial: Trial) -> ControlVerdict:
    verdict = trial.confirmed()
    return ControlVerdict(
        control.title,
        control.kind,
        control.expect.verdict,
        verdict.verdict,
        verdict.worst,
        ", ".join(verdict.reasons),
        trial.plan.claim.statement,
        found_again(verdict),
    )


def _longer(plan: Plan, stretch: float) -> Plan:
    """The same plan, for a trend on a range extended tenfold where the letters' roles allow it."""
    if plan.kind.form == "explicit":
        stretch = 1.0
    roles = {symbol.name: role for symbol, role in plan.claim.where.items()}
    sweep = planning.swept(roles, plan.seed, stretch)
    along = plan.along
    if along is not None and stretch > 1 and (roles[along[0]].high or 0) > (roles[along[0]].low or 0):
        role = roles[along[0]]
        longer = planning.checkpoints(replace(role, high=(role.high or 1) * int(stretch)), even=plan.kind.form == "rate")
        along = (along[0], longer)
    return replace(plan, sweep=sweep, along=along)


def _rivals(claim: Claim) -> dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]]:
    """The kernels that measure letters of their own: kernel -> (letter, output, axes)."""
    rivals: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {}
    for symbol, role in claim.where.items():
        if role.kind == "measured" and role.by and symbol.name in needed(claim):
            module, function, *output = role.by.split(":")
            kernel = f"{module}:{function}"
            rivals[kernel] = (*rivals.get(kernel, ()), (symbol.name, output[0] if output else symbol.name, role.dims))
    return rivals
