"""Commands that check claims: verify, record."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from .. import terminal
from ..machines import Where
from .choose import Select, everything, known_tier, selected, tell
from .keep import bounded

if TYPE_CHECKING:
    from ..catalogue import Catalogue
    from ..project import Project
    from ..result import Options, Result

Workers = Annotated[int | None, typer.Option(min=1, help="So many processes compute, one thread each; see docs/clusters.md.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE", help="A Dask cluster computes: tcp://host:port, or dask_jobqueue:SLURMCluster with --workers, set up as Dask is."
    ),
]


def verify(
    select: Select = None,
    tier: Annotated[
        str | None, typer.Option(help="quick, or full for what only a long run can settle; as recorded, else quick, if not given.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31, help="Root seed; compares nothing. As recorded, else 0, if not given.")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(min=1e-6, max=0.1, help="Error spent per side of each claim; as recorded, else 0.01, if not given.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Draw a new root seed, and raise an alarm on a contradiction.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute stored results again.")] = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Check the claims, compare them with their records, write reports/, print a table.

    A claim with a record in reports/record.json runs again on exactly its seed and must come out the same.

    Exit code 0: all came out as expected and as recorded. 1: one did not. 2: a broken claim file or record, or wrong usage.
    3: something stayed undecided.
    """
    where = _where(workers, cluster)
    if fresh and seed is not None:
        terminal.usage("--fresh draws a seed and --seed gives one. Write one of them.")
    began = time.time()
    from .. import unchanged
    from ..project import find_project

    question = {"command": "verify", "select": select, "tier": tier, "seed": seed, "alpha": alpha}
    before = None if fresh or recompute else unchanged.kept(find_project(), question)
    if before is not None:
        _again(before, as_json, began)
    known_tier(tier)
    ground = unchanged.ground(find_project())
    project, whole = everything()
    catalogue = selected(whole, select)
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        terminal.say(text)

    from .. import budget, comparison, execute
    from ..record import Unreadable, load
    from ..result import Options
    from ..revision import gone

    try:
        known = load(project) if seed is None else None
    except Unreadable as error:
        terminal.usage(str(error))
    if known and not select and (missing := gone(known, whole)):
        say(f"the record holds what no claim is called any more; theorylab record drops it: {', '.join(sorted(missing))}")
    catalogue = comparison.with_damage(project, catalogue, known)
    tell(catalogue)
    if fresh:
        seed = secrets.randbelow(2**31)
        say(f"fresh seed {seed}, drawn by the operating system; --seed {seed} repeats it")
        if known is None:
            say("there is no reports/record.json that it could contradict; theorylab record writes one")
    elif seed is not None:
        say(f"seed {seed} was given, so nothing is compared with the record")
    elif known is None:
        say("there is no reports/record.json: claims run on the fixed seed 0 and are compared with nothing; theorylab record writes one")
    asked = comparison.Asked(tier, alpha, seed, fresh)
    turns = comparison.turns(project, catalogue, known, asked)
    shared = budget.shared_by(whole.claims)
    options = {name: replace(turn.options, shared=shared) for name, turn in turns.items()}
    results = execute.run(project, catalogue, options, recompute, where)
    results = comparison.compared(project, results, turns, asked)
    run = execute.about(results, began) | {"seeds": "fresh" if fresh else "recorded" if asked.seed is None else "given"}
    run["since_record"] = comparison.since(project, known, turns, run)
    if run["since_record"]:
        say(f"the record was made with {'; '.join(run['since_record'])}")
    default = Options()
    run["error_budget"] = budget.error_budget(whole.claims, alpha or default.alpha)
    notices = terminal.notices(results) if known else []
    options = Options(tier or default.tier, alpha or default.alpha, seed or 0)
    found, told, message = _reported(project, catalogue, results, options, run, as_json, whole, notices)
    if message:
        say(message)
    bounded(project, began)
    from ..report.document import exit_code

    if not (fresh or message or found["failures"]):
        kept = {"said": said, "shown": told, "document": found, "code": exit_code(found)}
        unchanged.keep(project, question, ground, kept, unchanged.written(project, [result.claim.name for result in results], began))
    raise typer.Exit(exit_code(found))


def record(
    select: Select = None,
    tier: Annotated[str, typer.Option(help="quick, or full for what only a long run can settle.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of instances and noise.")] = 0,
    alpha: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Error spent per side of each claim.")] = 0.01,
    workers: Workers = None,
    cluster: Cluster = None,
) -> None:
    """Run the claims and write their verdicts, seeds and numbers into reports/record.json and reports/ledger.md, to be committed.

    What was not selected keeps its entry. Exit codes are those of verify.
    """
    known_tier(tier)
    where = _where(workers, cluster)
    began = time.time()
    project, whole = everything()
    catalogue = selected(whole, select)
    from .. import budget, execute
    from .. import record as records
    from ..result import Options
    from ..revision import gone, revise

    before = records.Record()
    try:
        before = records.load(project) or before
    except records.Unreadable as error:
        if select:
            terminal.usage(f"{error} A selection keeps the other entries, which cannot be read.")
        terminal.say(f"{error} It is written anew.")
    lost = {name: damage for name, damage in before.damaged.items() if name not in {claim.name for claim in catalogue.claims}}
    lost = {name: damage for name, damage in lost.items() if name not in gone(before, whole)}
    if lost:
        terminal.usage("\n".join(damage.error for damage in lost.values()))
    try:
        records.writable(project)
    except OSError as error:
        terminal.usage(_unwritten(project, error))
    tell(catalogue)
    options = Options(tier, alpha, seed, budget.shared_by(whole.claims))
    results = execute.run(project, catalogue, {claim.name: options for claim in catalogue.claims}, False, where)
    run = execute.about(results, began) | {"error_budget": budget.error_budget(whole.claims, alpha)}
    revision = revise(project, before, whole, results, run["versions"])
    found, _, message = _reported(project, catalogue, results, options, run, whole=whole)
    if message:
        terminal.say(message)
    try:
        records.save(project, revision.entries, revision.machines)
    except OSError as error:
        terminal.usage(_unwritten(project, error))
    typer.echo("\n".join(revision.news) or "nothing changed against the record before")
    bounded(project, began)
    typer.echo(f"recorded: {records.path(project)}, with ledger.md beside it: {len(revision.entries)} claims")
    from ..report.document import exit_code

    raise typer.Exit(exit_code(found))


def _where(workers: int | None, cluster: str | None) -> Where:
    """Where blocks are computed; options that do not go together end the command."""
    if cluster and "://" in cluster and workers is not None:
        terminal.usage(f"--workers starts workers, and those of {cluster} are there. Leave it out.")
    if cluster and "://" not in cluster and (workers is None or ":" not in cluster):
        terminal.usage(
            f"--cluster {cluster!r} is no scheduler's address such as tcp://host:8786, nor a class with --workers, "
            "such as --cluster dask_jobqueue:SLURMCluster --workers 8."
        )
    return Where(workers, cluster)


def _reported(
    project: Project,
    catalogue: Catalogue,
    results: list[Result],
    options: Options,
    run: dict[str, Any],
    as_json: bool = False,
    whole: Catalogue | None = None,
    notices: Sequence[str] = (),
) -> tuple[dict[str, Any], terminal.Shown, str]:
    """Writes the report and the attempts log, prints the table or the document. Returns both, and what went wrong."""
    from .. import attempts, budget
    from ..report import document, write

    others = [claim.name for claim in (whole or catalogue).claims]
    written = write(results, catalogue.failures, options, project, run, others)
    found = document.document(results, catalogue.failures, options, run)
    try:
        attempts.append(project, results)
    except OSError as error:
        terminal.say(f"the attempts log is not kept: {error}")
    ending = [f"error budget: {budget.briefly(run['error_budget'])}", f"report: {written.folder / 'index.html'}", *notices]
    told = terminal.shown(results, catalogue)._replace(ending=ending)
    _print(told, found, as_json)
    return found, told, written.message


def _print(told: terminal.Shown, document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        terminal.show(told)


def _again(before: dict[str, Any], as_json: bool, began: float) -> NoReturn:
    """Ends the command with what it printed before, since nothing changed."""
    document = before["document"]
    run = document["run"]
    for text in before["said"]:
        terminal.say(text)
    terminal.say(
        f"nothing that the verdicts rest on changed since the run of {run['started']}: they are the stored ones, and the report is as it "
        "was. --recompute computes them again"
    )
    run |= {"started": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(began)), "seconds": round(time.time() - began, 3)}
    for claim in document["claims"]:
        claim["cached"] = True
    _print(terminal.kept(before["shown"]), document, as_json)
    raise typer.Exit(before["code"])


def _unwritten(project: Project, error: OSError) -> str:
    from ..record import path

    why = f"{path(project)} cannot be written: {error.strerror or error}."
    return f"{why} Make the folder writable, or room in it, and run theorylab record again; what was computed is kept."
