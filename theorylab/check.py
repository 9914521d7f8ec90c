"""What is checked of a claim when its file loads, before any simulation: every slip says what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .bound import evaluate, parse_unit
from .claim import Claim, Control, Expectation, Quantifier, Role, Slip, Source
from .kind import Kind, decided, kind_of
from .plan import checkpoints, grid, sample
from .project import Project, Signature, family_signature, kernel_signature


def check(claim: Claim, project: Project) -> None:
    """Raises Slip for the first thing about a claim that cannot be meant."""
    _types(claim)
    kind = kind_of(claim)
    for relation in claim.assuming:
        decided(relation, "assumption")
        _known(claim, relation.free_symbols, f"the assumption {relation}")
    for control in claim.controls:
        _control(claim, kind, control)
    if claim.simulation is None:
        return
    _signatures(claim, kind, project)
    for control in claim.controls:
        if control.replaced.keys() & {"simulation", "problems", "where"}:
            try:
                rival = claim.under(control)
                _signatures(rival, kind_of(rival), project)
            except Slip as slip:
                raise Slip(f"the control {control.title!r}: {slip}") from None


def idle_letters(claims: Sequence[Claim], failures: Sequence[Any]) -> list[str]:
    """Letters of the file's where tables that no claim of the file uses; nothing where a claim failed, which may have used them."""
    if failures or not claims:
        return []
    used: set[str] = set()
    declared: dict[str, None] = {}
    for claim in claims:
        tables = [claim.where, *(control.where for control in claim.controls)]
        declared |= dict.fromkeys(symbol.name for table in tables for symbol in table)
        relations = [claim.statement, *claim.assuming, *(c.statement for c in claim.controls if c.statement is not None)]
        used |= {symbol.name for relation in relations for symbol in relation.free_symbols}
        used |= set(claim.taken) | {role.up_to for role in claim.where.values() if role.up_to}
    return [
        f"the letter {name} has a role but no claim of this file uses it, in a statement or in a kernel. Take it out of the where table."
        for name in declared
        if name not in used
    ]


def _types(claim: Claim) -> None:
    for name, wanted, example in (
        ("source", Source, 'paper.at("Theorem 3.1", basis="theorem")'),
        ("holds", Quantifier, "in_expectation"),
        ("expect", Expectation, 'refuted("why")'),
    ):
        if not isinstance(getattr(claim, name), wanted):
            raise Slip(f"{name}={getattr(claim, name)!r} is no {wanted.__name__}. Write {name}={example}.")
    if not claim.source.basis:
        raise Slip("the source says no place and basis. Write source=paper.at('Theorem 3.1', basis='theorem'), or what was read.")
    for symbol, role in claim.where.items():
        if not isinstance(role, Role):
            raise Slip(f'the letter {symbol} has the role {role!r}. Write {symbol}: varies("meaning", low, high), or another role.')
        parse_unit(role.unit)
        if role.up_to is not None:
            claim.letter(role.up_to)
    if len({symbol.name for symbol in claim.where}) < len(claim.where):
        raise Slip("one name stands twice in the where table, once from letters() and once from signed(). Keep one.")
    for control in claim.controls:
        if not isinstance(control, Control):
            raise Slip(f"controls holds {control!r}. Write Control('title', statement=...).")
    if claim.expect.verdict == "refuted" and claim.source.basis not in ("theorem", "restated", "own"):
        raise Slip(f"expect=refuted needs the statement itself, read as basis 'theorem' or 'restated'; this one is {claim.source.basis!r}.")
    titles = [control.title for control in claim.controls]
    for title in titles:
        if titles.count(title) > 1:
            raise Slip(f"two controls are titled {title!r}. Rename one.")


def _known(claim: Claim, symbols: set[Any], what: str) -> None:
    for symbol in sorted(symbols, key=str):
        if symbol not in claim.where:
            raise Slip(f"{what} uses {symbol} but the where table has {', '.join(sorted(s.name for s in claim.where))}.")


def _control(claim: Claim, kind: Kind, control: Control) -> None:
    same = {
        name: value for name, value in control.replaced.items() if name != "where" and _plain(name, value) == _plain(name, getattr(claim, name))
    }
    moved = {s.name for s, role in control.where.items() if s in claim.where and claim.where[s] != role or s not in claim.where}
    if len(same) == len([name for name in control.replaced if name != "where"]) and not moved:
        raise Slip(f"the control {control.title!r} is identical to its claim; it would be refuted only if the claim were.")
    rival = claim.under(control)
    try:
        rival_kind = kind_of(rival)
    except Slip as slip:
        raise Slip(f"the control {control.title!r}: {slip}") from None
    only_statement = set(control.replaced) == {"statement"}
    if control.expect.verdict == "refuted" and only_statement and rival_kind.quantity == kind.quantity and rival_kind.side == kind.side:
        if not _sharper(claim, kind, rival, rival_kind):
            raise Slip(
                f"the control {control.title!r} is weaker than its claim, or equal to it, everywhere on the ranges: {rival.statement} follows "
                f"from {claim.statement}, so it can only be refuted if the claim is. Sharpen it."
            )


def _plain(name: str, value: Any) -> Any:
    return tuple(value) if name in ("problems", "assuming") and isinstance(value, (tuple, list)) else (value,) if name in ("problems", "assuming") else value


def _sharper(claim: Claim, kind: Kind, rival: Claim, rival_kind: Kind) -> bool:
    """Whether the rival's bound excludes something that the claim's allows: smaller somewhere, or growing more slowly, for an upper bound."""
    if kind.side == "two" or rival_kind.form != kind.form:
        return True
    sign = 1.0 if kind.side == "upper" else -1.0
    boxed = [s.name for s in claim.where if claim.where[s].kind == "varies"]
    for name in [s.name for s, role in claim.where.items() if role.swept] + boxed or [""]:
        axes = {} if not name else {name: _values(claim.role(name))}
        mine, other = (_shape(k, sample(c, axes)) for k, c in ((kind, claim), (rival_kind, rival)))
        gap = sign * (other - mine) * np.ones(2 if not axes else len(next(iter(axes.values()))))
        if kind.form == "explicit" and np.nanmin(gap) < -1e-12:
            return True
        if kind.form != "explicit" and np.ptp(gap) > 1e-9 and (kind.form == "rate" or _falls(claim, name, axes, gap)):
            return True
    return False


def _shape(kind: Kind, table: dict[Any, Any]) -> np.ndarray:
    if kind.form == "rate":
        return -np.asarray(evaluate(kind.per_step, table).log, dtype=float)
    return np.asarray(evaluate(kind.scale, table).log, dtype=float)


def _falls(claim: Claim, name: str, axes: dict[str, np.ndarray], gap: np.ndarray) -> bool:
    """Whether the gap falls in the direction in which the letter tends."""
    role = claim.role(name)
    backwards = role.kind == "shrinks"
    return bool((gap[0] - gap[-1] if backwards else gap[-1] - gap[0]) < 0)


def _values(role: Role) -> np.ndarray:
    if role.kind == "along":
        return checkpoints(role)
    return np.asarray(role.among) if role.among else grid(role)


def _signatures(claim: Claim, kind: Kind, project: Project) -> None:
    roles = {symbol.name: role for symbol, role in claim.where.items()}
    given = {name for name, role in roles.items() if role.kind not in ("measured", "unknown")}
    signatures: list[tuple[str, Signature]] = [("kernel", kernel_signature(project, name)) for name in claim.kernels]
    signatures += [("family", family_signature(project, name)) for name in claim.problems]
    for role in roles.values():
        if role.by:
            signatures.append(("kernel", kernel_signature(project, ":".join(role.by.split(":")[:2]))))
    for what, signature in signatures:
        for letter in signature.takes or ():
            if letter not in given:
                raise Slip(
                    f"the {what} {signature.name} ({signature.file.name}, line {signature.line}) takes {letter}, which no letter of the claim fills. "
                    f'Add a line such as  {letter}: fixed("meaning", value)  or  {letter}: varies("meaning", low, high).'
                )
    taken = {letter for _, signature in signatures for letter in (*(signature.takes or ()), *signature.optional)}
    object.__setattr__(claim, "taken", tuple(sorted({*taken, *claim.taken})))
    if all(signature.takes is not None for _, signature in signatures):
        for symbol in sorted(kind.bound.free_symbols, key=str):
            if roles[symbol.name].swept and symbol.name not in taken:
                names = ", ".join(signature.name for _, signature in signatures)
                raise Slip(f"the bound depends on {symbol}, which none of {names} takes, so no data could depend on it. Let the kernel or the family take {symbol}.")
