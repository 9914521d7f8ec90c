"""The command line. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import terminal

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .claim import Claim
    from .project import Project
    from .result import Options, Result

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Numerical tests for theorems, with known error rates.",
)
Select = Annotated[
    list[str] | None, typer.Argument(metavar="SELECT...", help="Claims by name, file or pattern: cai2024*, last_iterate, claims/x.py.")
]


def main() -> None:
    """The `theorylab` command."""
    try:
        app()
    except KeyboardInterrupt:
        terminal.say("interrupted; nothing was running")
        sys.exit(terminal.INTERRUPTED)


@app.command()
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Check the claims, compare them with their records, write reports/, print a table.

    A claim with a record in reports/record.json runs again on exactly its seed and must come out the same.

    Exit code 0: all came out as expected and as recorded. 1: one did not. 2: a broken claim file or record, or wrong usage.
    3: something stayed undecided.
    """
    _known_tier(tier)
    if fresh and seed is not None:
        terminal.usage("--fresh draws a seed and --seed gives one. Write one of them.")
    began = time.time()
    project, whole = _whole()
    catalogue = _selected(whole, select)
    from . import comparison, execute
    from .record import Unreadable, load
    from .result import Options
    from .revision import gone

    try:
        known = load(project) if seed is None else None
    except Unreadable as error:
        terminal.usage(str(error))
    if known and not select and (missing := gone(known, whole)):
        terminal.say(f"the record holds what no claim is called any more; theorylab record drops it: {', '.join(sorted(missing))}")
    catalogue = comparison.with_damage(project, catalogue, known)
    _tell(catalogue)
    if fresh:
        seed = secrets.randbelow(2**31)
        terminal.say(f"fresh seed {seed}, drawn by the operating system; --seed {seed} repeats it")
        if known is None:
            terminal.say("there is no reports/record.json that it could contradict; theorylab record writes one")
    elif seed is not None:
        terminal.say(f"seed {seed} was given, so nothing is compared with the record")
    elif known is None:
        terminal.say(
            "there is no reports/record.json: claims run on the fixed seed 0 and are compared with nothing; theorylab record writes one"
        )
    asked = comparison.Asked(tier, alpha, seed, fresh)
    turns = comparison.turns(project, catalogue, known, asked)
    results = execute.run(project, catalogue, {name: turn.options for name, turn in turns.items()}, recompute)
    results = comparison.compared(project, results, turns, asked)
    run = execute.about(results, began) | {"seeds": "fresh" if fresh else "recorded" if asked.seed is None else "given"}
    run["since_record"] = comparison.since(project, known, turns, run)
    if run["since_record"]:
        terminal.say(f"the record was made with {'; '.join(run['since_record'])}")
    default = Options()
    found, message = _reported(project, catalogue, results, Options(tier or default.tier, alpha or default.alpha, seed or 0), run, as_json)
    if known and not as_json:
        terminal.notices(results)
    if message:
        terminal.say(message)
    from .report.document import exit_code

    raise typer.Exit(exit_code(found))


@app.command()
def record(
    select: Select = None,
    tier: Annotated[str, typer.Option(help="quick, or full for what only a long run can settle.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of instances and noise.")] = 0,
    alpha: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Error spent per side of each claim.")] = 0.01,
) -> None:
    """Run the claims and write their verdicts, seeds and numbers into reports/record.json and reports/ledger.md, to be committed.

    What was not selected keeps its entry. Exit codes are those of verify.
    """
    _known_tier(tier)
    began = time.time()
    project, whole = _whole()
    catalogue = _selected(whole, select)
    from . import execute
    from . import record as records
    from .result import Options
    from .revision import gone, revise

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
    _tell(catalogue)
    options = Options(tier, alpha, seed)
    results = execute.run(project, catalogue, {claim.name: options for claim in catalogue.claims}, False)
    run = execute.about(results, began)
    revision = revise(project, before, whole, results, run["versions"])
    found, message = _reported(project, catalogue, results, options, run)
    if message:
        terminal.say(message)
    try:
        records.save(project, revision.entries, revision.machines)
    except OSError as error:
        terminal.usage(_unwritten(project, error))
    typer.echo("\n".join(revision.news) or "nothing changed against the record before")
    typer.echo(f"recorded: {records.path(project)}, with ledger.md beside it: {len(revision.entries)} claims")
    from .report.document import exit_code

    raise typer.Exit(exit_code(found))


@app.command("list")
def list_(select: Select = None) -> None:
    """List the claims: name, what is expected, what the statement rests on, title."""
    _, catalogue = _catalogue(select)
    from rich.table import Table

    table = Table("claim", "expected", "basis", "title", box=None, pad_edge=False)
    for claim in catalogue.claims:
        expected = claim.expect.verdict if claim.simulation is not None else "not checked"
        table.add_row(claim.name, expected, claim.source.basis, claim.title)
    terminal.console().print(table)
    _tell(catalogue)
    if catalogue.failures:
        raise typer.Exit(terminal.USAGE)


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name.")]) -> None:
    """Say in words and formula which test a claim gets, and what its verdict will and will not mean."""
    project, claim = _one(name)
    from .attempts import history
    from .kind import unjudged, untested
    from .plan import plan
    from .verify import takes
    from .words import awaited, cite, explain

    note = untested(claim)
    if note:
        typer.echo(f"{claim.title}\n{claim.statement}\n{cite(claim)}\nstated, not checked: {note}")
        if not unjudged(claim):
            typer.secho("Measurements made elsewhere", bold=True)
            for line in awaited(claim):
                typer.echo(f"  {line}")
        return
    typer.secho(claim.name, bold=True)
    for heading, lines in explain(claim, plan(claim, takes=takes(project, claim))):
        typer.secho(heading, bold=True)
        for line in lines:
            typer.echo(f"  {line}")
    wordings, times = history(project, claim)
    typer.secho("Attempts", bold=True)
    typer.echo(f"  {wordings} wordings of this claim were judged here, the present one {times} times")


@app.command()
def replay(
    name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name.")],
    point: Annotated[str, typer.Option(help="Values of the swept letters: beta=0.01,k=8.")] = "",
    problem: Annotated[str, typer.Option(help="The problem family; the claim's first where not given.")] = "",
    instance: Annotated[int, typer.Option(min=0, help="The number of the instance.")] = 0,
    replicate: Annotated[int, typer.Option(min=0, help="The number of the replicate.")] = 0,
    control: Annotated[int, typer.Option(min=0, help="Replay the claim's n-th control instead.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of the run to replay.")] = 0,
) -> None:
    """Run one point of a claim again and print what was measured beside the bound."""
    project, claim = _one(name)
    from .replay import NoSuchPoint, rows
    from .simulate import KernelFault, Simulator

    try:
        simulator = Simulator(project, project.state / "compiled")
        head, body = rows(
            claim, simulator, point=point, problem=problem, instance=instance, replicate=replicate, control=control, seed=seed
        )
    except (NoSuchPoint, KernelFault) as error:
        terminal.usage(str(error))
    from rich.table import Table

    table = Table(*head, box=None, pad_edge=False)
    for row in body:
        table.add_row(*row)
    terminal.console().print(table)


@app.command()
def judge(
    name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name; it needs no kernel.")],
    data: Annotated[str, typer.Option("--data", metavar="FILE", help="Its measurements: netCDF (.nc), table (.csv) or arrays (.npz).")],
    control: Annotated[
        list[str] | None, typer.Option("--control", metavar="NAME=FILE", help="Measurements of a control, by title, slug or number.")
    ] = None,
    alpha: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Error spent per side.")] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Judge measurements that were made elsewhere: another language, a real training run.

    Exit code 0: it came out as expected. 1: it did not. 2: a file or the claim cannot be read. 3: it stayed undecided.
    """
    began = time.time()
    project, claim = _one(name)
    from importlib.metadata import version

    from . import __version__, attempts
    from .catalogue import Catalogue
    from .judgement import judged
    from .report import document
    from .result import Options
    from .words import unseen

    given: dict[str | int, str] = {}
    for text in control or []:
        title, equals, file = text.rpartition("=")
        if not equals or not file or title in given:
            terminal.usage(
                f"--control {text!r} is not NAME=FILE{', or there twice' if title in given else ''}. Write --control 1=broken.csv."
            )
        given[title] = file
    try:
        result = judged(claim, data, given, alpha)
    except (ValueError, OSError) as error:
        terminal.usage(str(error))
    options = Options("quick", alpha)
    run = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(began)),
        "seconds": time.time() - began,
        "versions": {"theorylab": __version__} | {name: version(name) for name in ("numpy", "scipy", "sympy", "xarray")},
        "device": result.device,
    }
    found = document.document([result], [], options, run)
    with contextlib.suppress(OSError):
        attempts.append(project, [result])
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        terminal.table([result], Catalogue((claim,), ()))
        terminal.failures([result])
        if result.as_expected:
            note = result.verdict.detail if result.verdict else ""
            typer.echo("\n".join([*([f"note       {note}"] if note else []), f"not shown  {'; '.join(unseen(result))}"]))
    raise typer.Exit(document.exit_code(found))


@app.command()
def export(
    name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name.")],
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="A file to write: .nc and .npz hold the controls too, .csv is one table.")
    ],
    control: Annotated[str, typer.Option("--control", metavar="NAME", help="Only one control, by title, slug or number.")] = "",
    tier: Annotated[str, typer.Option(help="quick, or full for what only a long run can settle.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of instances and noise.")] = 0,
) -> None:
    """Write a claim's measurements to a file that `judge`, xarray, pandas or numpy reads. What was not run yet is run first."""
    from .export import checked, write
    from .judgement import control_number

    project, claim = _one(name)
    from . import execute
    from .catalogue import Catalogue
    from .claim import TIERS
    from .result import Options

    if tier not in TIERS:
        terminal.usage(f"--tier {tier!r} is none of {', '.join(TIERS)}.")
    try:
        file = checked(to)
        number = control_number(claim, control) if control else 0
        result = execute.run(project, Catalogue((claim,), ()), {claim.name: Options(tier, seed=seed)}, recompute=False)[0]
        typer.echo(f"{write(result, file, number)}")
    except (ValueError, OSError) as error:
        terminal.usage(str(error))


def _catalogue(select: list[str] | None) -> tuple[Project, Catalogue]:
    project, whole = _whole()
    return project, _selected(whole, select)


def _whole() -> tuple[Project, Catalogue]:
    from .catalogue import find_claims
    from .project import find_project

    project = find_project()
    return project, find_claims(project)


def _selected(catalogue: Catalogue, select: list[str] | None) -> Catalogue:
    from .claim import Slip

    try:
        return catalogue.select(select or [])
    except Slip as slip:
        terminal.usage(str(slip))


def _known_tier(tier: str | None) -> None:
    from .claim import TIERS

    if tier not in (None, *TIERS):
        terminal.usage(f"--tier {tier!r} is none of {', '.join(TIERS)}.")


def _tell(catalogue: Catalogue) -> None:
    for failure in catalogue.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.error}")


def _reported(
    project: Project, catalogue: Catalogue, results: list[Result], options: Options, run: dict[str, Any], as_json: bool = False
) -> tuple[dict[str, Any], str]:
    """Writes the report and the attempts log, prints the table or the document. Returns the document, and what went wrong."""
    from . import attempts
    from .report import document, write

    written = write(results, catalogue.failures, options, project, run)
    found = document.document(results, catalogue.failures, options, run)
    try:
        attempts.append(project, results)
    except OSError as error:
        terminal.say(f"the attempts log is not kept: {error}")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        terminal.table(results, catalogue)
        terminal.failures(results)
        typer.echo(f"report: {written.folder / 'index.html'}")
    return found, written.message


def _unwritten(project: Project, error: OSError) -> str:
    from .record import path

    why = f"{path(project)} cannot be written: {error.strerror or error}."
    return f"{why} Make the folder writable, or room in it, and run theorylab record again; what was computed is kept."


def _one(name: str) -> tuple[Project, Claim]:
    project, catalogue = _catalogue([name])
    _tell(catalogue)
    if len(catalogue.claims) != 1:
        terminal.usage(f"{name!r} names {len(catalogue.claims)} claims: {', '.join(c.name for c in catalogue.claims)}. Name one.")
    return project, catalogue.claims[0]
