"""The command line: verify, list, show, replay, judge, export. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from . import terminal

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .claim import Claim
    from .project import Project

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
    tier: Annotated[str, typer.Option(help="quick, or full for what only a long run can settle.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of instances and noise.")] = 0,
    alpha: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Error spent per side of each claim.")] = 0.01,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute stored results again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Check the claims, write reports/, print a table.

    Exit code 0: all came out as expected. 1: one did not. 2: a broken claim file, or wrong usage. 3: something stayed undecided.
    """
    from .claim import TIERS

    if tier not in TIERS:
        terminal.usage(f"--tier {tier!r} is none of {', '.join(TIERS)}.")
    began = time.time()
    project, catalogue = _catalogue(select)
    for failure in catalogue.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.error}")
    from importlib.metadata import version

    from . import __version__, attempts, execute
    from .report import document, write
    from .result import Options

    options = Options(tier, alpha, seed)
    results = execute.run(project, catalogue, options, recompute)
    run = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(began)),
        "seconds": time.time() - began,
        "versions": {"theorylab": __version__} | {name: version(name) for name in ("jax", "numpy", "scipy", "sympy", "xarray")},
        "device": next((result.device for result in results if result.device), ""),
    }
    written = write(results, catalogue.failures, options, project, run, whole=not select)
    found = document.document(results, catalogue.failures, options, run)
    try:
        attempts.append(project, results, options)
    except OSError as error:
        terminal.say(f"the attempts log is not kept: {error}")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        terminal.table(results, catalogue)
        terminal.failures(results)
        typer.echo(f"report: {written.folder / 'index.html'}")
    if written.message:
        terminal.say(written.message)
    raise typer.Exit(document.exit_code(found))


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
    for failure in catalogue.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.error}")
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
    from .simulate import KernelFault, Simulator, use_compile_cache

    with contextlib.suppress(OSError):
        use_compile_cache(project.state / "compiled")
    try:
        head, body = rows(
            claim, Simulator(project), point=point, problem=problem, instance=instance, replicate=replicate, control=control, seed=seed
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
        attempts.append(project, [result], options)
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
        result = execute.run(project, Catalogue((claim,), ()), Options(tier, seed=seed), recompute=False)[0]
        typer.echo(f"{write(result, file, number)}")
    except (ValueError, OSError) as error:
        terminal.usage(str(error))


def _catalogue(select: list[str] | None) -> tuple[Project, Catalogue]:
    from .catalogue import find_claims
    from .claim import Slip
    from .project import find_project

    project = find_project()
    catalogue = find_claims(project)
    try:
        return project, catalogue.select(select or [])
    except Slip as slip:
        terminal.usage(str(slip))


def _one(name: str) -> tuple[Project, Claim]:
    project, catalogue = _catalogue([name])
    for failure in catalogue.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.error}")
    if len(catalogue.claims) != 1:
        terminal.usage(f"{name!r} names {len(catalogue.claims)} claims: {', '.join(c.name for c in catalogue.claims)}. Name one.")
    return project, catalogue.claims[0]
