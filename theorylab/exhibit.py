"""The file of a claim's found instances, claims/found/CLAIM.toml: for people to read, commit and edit.

`verify` judges what stands there beside what it draws; whoever deletes the file forgets it.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import disk, portfolio
from .claim import Claim, Slip
from .instance import Found, ratio
from .kind import kind_of, needed
from .role import Role

KEYS = ("family", "kernel", "instance", "ratio", "drawn", "evaluations", "letters", "parameters")
BARE = re.compile("[A-Za-z0-9_-]+")
WIDTH = 120


@dataclass(frozen=True)
class Exhibit:
    """An instance as it stands in a file: `found` with its letters, and the `arrays` that it is built of, by name.

    `place` says where it stands, and `anew` what writes the file again.
    """

    found: Found
    arrays: Mapping[str, Any]
    place: str
    anew: str

    def built(self, shapes: Sequence[tuple[str, tuple[int, ...]]]) -> Found:
        """The instance with its numbers in the order of a family that is built of these arrays. Raises Slip where they are others."""
        have, want = ", ".join(sorted(self.arrays)) or "nothing", ", ".join(f"{name} ({_many(shape)})" for name, shape in shapes)
        family = portfolio.family_of(self.found.family)
        if self.arrays.keys() != {name for name, _ in shapes}:
            raise Slip(f"{self.place} gives {have}, but {family} is built of {want or 'nothing'}. Write these; {self.anew}.")
        numbers: list[float] = []
        for name, shape in shapes:
            values = _array(self.arrays[name])
            if values is None or values.shape != shape or not np.isfinite(values).all():
                raise Slip(
                    f"{self.place} gives {name} = {self.arrays[name]}, but {family} takes {_many(shape)}. Write so many; {self.anew}."
                )
            numbers += values.ravel().tolist()
        return replace(self.found, parameters=tuple(numbers), shapes=tuple(shapes))


def path(claim: Claim) -> Path:
    """Where the found instances of a claim lie: beside its file."""
    return Path(claim.file).parent / "found" / f"{claim.name}.toml"


def shown(claim: Claim) -> str:
    """The same as people call it."""
    return "/".join(path(claim).parts[-3:])


def text(claim: Claim) -> str | None:
    """What stands in the file; None where there is none. Raises Slip where it cannot be read."""
    try:
        return path(claim).read_text(encoding="utf-8") if claim.name else None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Slip(f"{shown(claim)} cannot be read: {error}. Write it as a text file in UTF-8; {_anew(claim)}.") from error


def load(claim: Claim, body: str | None = None) -> tuple[Exhibit, ...]:
    """The instances in a claim's file, or in this text of it; none where there is none. Raises Slip for what does not fit the claim."""
    body = text(claim) if body is None else body
    if body is None:
        return ()
    try:
        table = tomllib.loads(body)
    except tomllib.TOMLDecodeError as error:
        raise Slip(f"{shown(claim)} is no TOML: {error}. Mend that line; {_anew(claim)}.") from error
    entries = table.get("found")
    if table.keys() != {"found"} or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Slip(
            f"{shown(claim)} holds {', '.join(table) or 'nothing'}; it is a list of instances. Begin each with [[found]]; {_anew(claim)}."
        )
    return tuple(_exhibit(claim, entry, f"{shown(claim)}, instance {number},") for number, entry in enumerate(entries))


def written(claim: Claim, found: Sequence[Found]) -> str:
    """The file's text for these instances."""
    lines = [
        f"# Instances of {claim.name} that a search found.",
        "# theorylab verify judges them beside those that it draws, and its own search begins with them. The letters and the",
        "# parameters are read; the ratio to the bound, that of the worst drawn one, and how many runs it took, say where they",
        "# come from. Edit or commit this file, or delete it to forget them.",
    ]
    kind = kind_of(claim)
    for one in found:
        kernel, family = portfolio.place_of(claim, one.family)
        lines += ["", "[[found]]", *([f"family = {json.dumps(family)}"] if family else [])]
        lines += [f"kernel = {json.dumps(kernel)}"] if kernel else []
        lines += [f"instance = {one.instance}"] if one.instance else []
        lines.append(f"ratio = {ratio(one.excess, kind.side, kind.difference):.6g}")
        lines += [f"drawn = {ratio(one.drawn, kind.side, kind.difference):.6g}"] if math.isfinite(one.drawn) else []
        lines.append(f"evaluations = {one.evaluations}")
        used = [(name, value) for name, value in one.letters if is_used(claim, name)]
        lines += ["", "[found.letters]", *(_line(name, value) for name, value in used)] if used else []
        lines += ["", "[found.parameters]", *(_line(name, value) for name, value in one.arrays.items())] if one.shapes else []
    return "\n".join(lines) + "\n"


def save(claim: Claim, body: str) -> None:
    """Writes the file, whole or not at all. Raises OSError."""
    path(claim).parent.mkdir(exist_ok=True)
    disk.put(path(claim), body.encode("utf-8"))


def value_of(claim: Claim, name: str, value: Any) -> int | float:
    """A letter's value as a search may set it. Raises Slip where the letter does not move, or not so far."""
    roles = _moving(claim)
    if name not in roles:
        known = {symbol.name: role for symbol, role in claim.where.items()}
        why = f"there is no letter {name}" if name not in known else f"{name} does not move: {_still(claim, name, known[name])}"
        raise Slip(f"{why}. What moves: {', '.join(roles) or 'no letter'}.")
    role = roles[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Slip(f"{name} = {value!r} is no number. Write one from {_range(role)}.")
    if role.integer and value != int(value):
        raise Slip(f"{name} = {value:g} is not whole. Write a whole number from {_range(role)}.")
    value = int(value) if role.integer else float(value)
    low, high = sorted((role.low or 0.0, role.high or 0.0))
    if not low <= value <= high or (role.among and value not in role.among):
        raise Slip(f"{name} = {value:g} lies outside the claim's {_range(role)}. Write a number from there.")
    return value


def is_used(claim: Claim, name: str) -> bool:
    """Whether a letter matters to the claim: its kernels or families take it, or the statement or an assumption names it."""
    return name in claim.taken or name in needed(claim)


def _exhibit(claim: Claim, entry: Mapping[str, Any], place: str) -> Exhibit:
    anew = _anew(claim)
    unknown = sorted(entry.keys() - set(KEYS))
    if unknown:
        raise Slip(f"{place} has {', '.join(unknown)}, which nobody reads. Write {', '.join(KEYS)}; {anew}.")
    for name, among in (("family", claim.problems), ("kernel", claim.kernels if portfolio.apart(claim) else ())):
        given = entry.get(name, "")
        if given not in (among or ("",)):
            said = f"the {name} {given!r}" if given else f"no {name}"
            write = f"Write {name} = " + " or ".join(map(json.dumps, among)) if among else f"Take the line with the {name} out"
            raise Slip(f"{place} names {said}, but {claim.name} has {', '.join(among) or 'none'}. {write}; {anew}.")
    letters, arrays = (entry.get(name, {}) for name in ("letters", "parameters"))
    if not isinstance(letters, dict) or not isinstance(arrays, dict):
        raise Slip(f"{place} has no table of letters and parameters. Write [found.letters] and [found.parameters]; {anew}.")
    try:
        values = {name: value_of(claim, name, value) for name, value in letters.items()}
    except Slip as slip:
        raise Slip(f"{place} says {slip} Or {anew}.") from None
    for name, role in _moving(claim, idle=True).items():
        if name in values or role.kind == "along":
            continue
        if is_used(claim, name):
            raise Slip(f"{place} gives {name} no value. Add {name} = a number from {_range(role)} below [found.letters]; {anew}.")
        values[name] = role.among[0] if role.among else role.low or 0.0
    known = {"ratio": math.nan, "drawn": math.nan, "evaluations": 0, "instance": 0}
    numbers = {name: entry.get(name, default) for name, default in known.items()}
    kinds = {"ratio": (int, float), "drawn": (int, float), "evaluations": int, "instance": int}
    wrong = [name for name, kind in kinds.items() if isinstance(numbers[name], bool) or not isinstance(numbers[name], kind)]
    if wrong:
        raise Slip(f"{place} has {wrong[0]} = {numbers[wrong[0]]!r}, which is no number of that kind. Mend it, or take it out; {anew}.")
    label = portfolio.label(claim, entry.get("kernel", ""), entry.get("family", ""))
    drawn = _excess(float(numbers["drawn"]), kind_of(claim).side)
    found = Found(label, (), tuple(values.items()), math.nan, drawn, numbers["evaluations"], instance=numbers["instance"])
    return Exhibit(found, arrays, place, anew)


def _excess(ratio: float, side: str) -> float:
    """The excess over the bound that a ratio stands for."""
    return 1 - 1 / ratio if side == "lower" and ratio else ratio - 1


def _moving(claim: Claim, idle: bool = False) -> dict[str, Role]:
    """The letters that a search moves, and that which is read along a run; with `idle` those too that the claim does not use."""
    roles = {symbol.name: role for symbol, role in claim.where.items() if role.swept or role.kind == "varies"}
    return {name: role for name, role in roles.items() if idle or is_used(claim, name)}


def _still(claim: Claim, name: str, role: Role) -> str:
    """Why a letter does not move."""
    if role.kind == "fixed":
        return f"it is fixed at {role.value:g}"
    return f"{claim.name} does not use it" if role.low is not None else f"it is {role.kind}"


def _range(role: Role) -> str:
    if role.among:
        return ", ".join(f"{value:g}" for value in role.among)
    low, high = sorted((role.low or 0.0, role.high or 0.0))
    return f"{low:g} to {high:g}"


def _anew(claim: Claim) -> str:
    return f"deleting the file forgets it, and theorylab search {claim.name} then writes another"


def _many(shape: tuple[int, ...]) -> str:
    return f"{' x '.join(map(str, shape))} numbers" if shape else "one number"


def _array(value: Any) -> np.ndarray | None:
    """Numbers of a file as an array; None where they are none."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def _line(name: str, value: Any) -> str:
    key = name if BARE.fullmatch(name) else json.dumps(name)
    return f"{key} = {_value(value, len(key) + 3)}"


def _value(value: Any, indent: int = 0) -> str:
    """A number or a nested list of them as TOML; a long list is broken into lines."""
    if not isinstance(value, list):
        return repr(value)
    inside = [_value(item) for item in value]
    line = f"[{', '.join(inside)}]"
    if indent + len(line) <= WIDTH:
        return line
    rows, row = [], ""
    for item in inside:
        if row and len(row) + len(item) + 4 > WIDTH:
            rows.append(row)
            row = ""
        row = f"{row} {item}," if row else f"    {item},"
    return "\n".join(["[", *rows, row, "]"])
