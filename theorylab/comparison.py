"""How a run compares with the record: which seeds each claim gets, whether its verdict came out again, and which numbers moved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from . import record
from .catalogue import Catalogue, Failure
from .claim import Claim
from .project import Project
from .record import Record
from .result import Against, Options, Result

# What an interval's own noise hides on a rerun with the same seeds is no news.
SHARE = 0.2
# Without noise: float64 agrees to about 1e-10 between compilers over thousands of steps, float32 to about 1e-5; this tells them apart.
EXACT = 1e-6
OPPOSITE = {"supported": "refuted", "refuted": "supported"}
NOT_CHECKED = "not checked"


class Asked(NamedTuple):
    """What the command line asked for; None where it left the choice to the record. `fresh`: the seed was drawn for an alarm."""

    tier: str | None = None
    alpha: float | None = None
    seed: int | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Turn:
    """How one claim is to be run, and the entry to compare it with, or why there is none (state and words)."""

    options: Options
    entry: Mapping[str, Any] | None = None
    state: str = ""
    why: str = ""


def turns(project: Project, catalogue: Catalogue, known: Record | None, asked: Asked) -> dict[str, Turn]:
    """The turn of each claim: with a record whose code is the claim's, its seed, tier and error; otherwise the fixed defaults."""
    return {claim.name: _turn(project, claim, known, asked) for claim in catalogue.claims}


def compared(project: Project, results: Sequence[Result], chosen: Mapping[str, Turn], asked: Asked) -> list[Result]:
    """The results with what they are against their records."""
    return [replace(result, against=_against(project, result, chosen[result.claim.name], asked)) for result in results]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Which verdicts of a claim and its controls differ between two entries, and which numbers moved, each from what to what."""
    changed = [f"the verdict was {_verdict(old)}, now {_verdict(new)}"] if old["verdict"] != new["verdict"] else []
    moved = []
    before, after = ({control["name"]: control["verdict"] for control in entry["controls"]} for entry in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            changed.append(f"the control {name!r} was {before.get(name, 'not there')}, now {after.get(name, 'not there')}")
    for name in ("reasons", "flags"):
        if old["verdict"] == new["verdict"] and old[name] != new[name]:
            moved.append(f"{name}: {', '.join(old[name]) or 'none'} -> {', '.join(new[name]) or 'none'}")
    families = {name: (old.get("families", {}).get(name), new.get("families", {}).get(name)) for name in _keys(old, new, "families")}
    for family, (was, now) in families.items():
        place = family or "no family"
        if was is None or now is None:
            moved.append(f"{place}: {'not there before' if was is None else 'gone'}")
        else:
            moved += [f"{place}, {words}" for words in _moved(was, now)]
    return changed, moved


def with_damage(project: Project, catalogue: Catalogue, known: Record | None) -> Catalogue:
    """The catalogue with the entries of its claims that cannot be trusted among what failed."""
    names = {claim.name for claim in catalogue.claims}
    file = record.path(project).relative_to(project.root).as_posix()
    damaged = [(name, damage) for name, damage in (known.damaged if known else {}).items() if name in names]
    return replace(catalogue, failures=(*catalogue.failures, *(Failure(file, damage.line, damage.error) for _, damage in damaged)))


def since(project: Project, known: Record | None, chosen: Mapping[str, Turn], run: Mapping[str, Any]) -> list[str]:
    """In what the machines of the compared entries differ from the present one, each difference once."""
    now = record.machine(project, run["device"], run["versions"])
    used = dict.fromkeys(turn.entry["machine"] for turn in chosen.values() if turn.entry is not None)
    found: dict[str, None] = {}
    for key in used:
        then = known.machines[key] if known else now
        versions = {**then.get("versions", {})}
        for name, version in now["versions"].items():
            if versions.get(name) != version:
                found[f"{name} {versions.get(name, 'none')}, now {version}"] = None
        if now["device"] and then.get("device") and then["device"] != now["device"]:
            found[f"device {then['device']}, now {now['device']}"] = None
        if then.get("judge") != now["judge"]:
            found["other sources of theorylab's judge"] = None
    return list(found)


def _turn(project: Project, claim: Claim, known: Record | None, asked: Asked) -> Turn:
    default = Options()
    given = Options(asked.tier or default.tier, asked.alpha or default.alpha, default.seed if asked.seed is None else asked.seed)
    if asked.seed is not None and not asked.fresh:
        return Turn(given, None, "not compared", f"seed {asked.seed} was given")
    entry = known.entries.get(claim.name) if known else None
    why = _strange(project, claim, known, entry)
    if why or entry is None:
        return Turn(given, None, "unrecorded", why)
    # What only a long run can settle is never run unasked.
    tier = asked.tier or (default.tier if claim.tier == "full" else entry["tier"]) or default.tier
    alpha = asked.alpha or entry["alpha"] or default.alpha
    options = Options(tier, alpha, (entry["seed"] or 0) if asked.seed is None else asked.seed)
    if entry["tier"] not in (tier, None):
        return Turn(options, None, "not compared", f"recorded at the {entry['tier']} tier: --tier {entry['tier']} repeats that")
    if entry["alpha"] not in (alpha, None):
        return Turn(options, None, "not compared", f"recorded at error {entry['alpha']:g}: --alpha {entry['alpha']:g} repeats that")
    return Turn(options, entry)


def _strange(project: Project, claim: Claim, known: Record | None, entry: Mapping[str, Any] | None) -> str:
    """Why a claim has no entry that it could be compared with, or nothing where it has one."""
    if known and claim.name in known.damaged:
        return "its entry was changed by hand"
    if entry is None:
        return "it has no record"
    then, now = entry["code"], record.code(project, claim)
    if then == now:
        return ""
    if then["statement"] != now["statement"]:
        return "its statement, or a letter's range, changed"
    if then["controls"] != now["controls"]:
        return "its controls changed"
    files = sorted(name for name in _keys(then, now, "files") if then["files"].get(name) != now["files"].get(name))
    return f"its kernels' or families' code changed: {', '.join(f'simulations/{name}' for name in files)}"


def _against(project: Project, result: Result, turn: Turn, asked: Asked) -> Against:
    old = turn.entry
    if old is None:
        return Against(turn.state, (turn.why,))
    if result.fault:
        return Against("not compared", ("it failed to run",))
    new = record.entry(project, result, old["machine"])
    if old["verdict"] == NOT_CHECKED != new["verdict"]:
        return Against("unrecorded", ("it could not be checked when the record was made",))
    changed, moved = differences(old, new)
    seed, contradicted = turn.options.seed, _contradicted(old, new)
    if asked.fresh:
        if contradicted:
            return Against("contradicted", tuple(changed), True, old["seed"])
        lost = old["verdict"] in OPPOSITE and new["verdict"] == "inconclusive"
        return Against("lost" if lost else "moved" if changed else "same", tuple(changed), False, old["seed"])
    if changed:
        return Against("changed", (*changed, *moved), bool(old["gating"] or new["gating"] or contradicted), seed)
    return Against("moved" if moved else "same", tuple(moved), False, seed)


def _contradicted(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether what was supported is refuted now, or the other way round, in the claim or in a control."""
    pairs = [(old["verdict"], new["verdict"])]
    pairs += [(was["verdict"], now["verdict"]) for was in old["controls"] for now in new["controls"] if was["name"] == now["name"]]
    return any(OPPOSITE.get(was) == now for was, now in pairs)


def _moved(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The numbers of one family that lie farther apart than their interval's noise, or than rounding, explains."""
    for name in ("verdict", "instances", "replicates"):
        if was[name] != now[name]:
            yield f"{name}: {was[name]} -> {now[name]}"
    low, high = map(_value, was.get("interval") or (0.0, 0.0))
    numbers = [("ratio", was["ratio"], now["ratio"])]
    numbers += list(zip(("lower limit", "upper limit"), was.get("interval") or (), now.get("interval") or (), strict=False))
    for name, one, other in numbers:
        yield from _told(name, one, other, (high - low) / 2, 0.0)
    for axis in _keys(was, now, "slopes"):
        then, found = (entry.get("slopes", {}).get(axis) for entry in (was, now))
        if then is None or found is None:
            yield f"slope along {axis}: {'not there before' if then is None else 'gone'}"
            continue
        half = (_value(then["high"]) - _value(then["low"])) / 2 if "low" in then else 0.0
        for name, words in (("slope", "slope"), ("low", "slope's lower limit"), ("high", "slope's upper limit")):
            if name in then and name in found:
                yield from _told(f"{words} along {axis}", then[name], found[name], half, abs(_value(then["threshold"])))


def _told(name: str, was: Any, now: Any, half: float, scale: float) -> Iterator[str]:
    """A line where a number moved. `half` is the recorded half-width, `scale` what a number without noise is small against."""
    if was == now:
        return
    one, other = _value(was), _value(now)
    noisy = 0 < half < math.inf
    allowed = SHARE * half if noisy else EXACT * max(abs(one), scale)
    if math.isfinite(one) and math.isfinite(other) and abs(other - one) <= allowed:
        return
    share = f", {abs(other - one) / half:.2g} of its half-width {half:.3g}" if noisy and math.isfinite(other) else ""
    yield f"{name}: {'none' if was is None else was} -> {'none' if now is None else now}{share}"


def _value(value: Any) -> float:
    return math.nan if value is None else float(value)


def _keys(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> list[str]:
    return list(dict.fromkeys((*one.get(name, {}), *other.get(name, {}))))


def _verdict(entry: Mapping[str, Any]) -> str:
    return entry["verdict"] + (f" ({', '.join(entry['reasons'])})" if entry["reasons"] else "")
