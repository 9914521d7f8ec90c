"""The command line: verify, list, show, replay. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

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
SURPRISE, USAGE, UNDECIDED, INTERRUPTED = 1, 2, 3, 130


def main() -> None:
    """The `theorylab` command."""
    try:
        app()
    except KeyboardInterrupt:
        _say("interrupted; nothing was running")
        sys.exit(INTERRUPTED)


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
        _usage(f"--tier {tier!r} is none of {', '.join(TIERS)}.")
    began = time.time()
    project, catalogue = _catalogue(select)
    for failure in catalogue.failures:
        _say(f"{failure.file}:{failure.line}: {failure.error}")
    from importlib.metadata import version

    from . import __version__, attempts
    from .report import document, write
    from .result import Options

    options = Options(tier, alpha, seed)
    results = _run(project, catalogue, options, recompute)
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
        _say(f"the attempts log is not kept: {error}")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        _table(results, catalogue)
        _failures(results)
        typer.echo(f"report: {written.folder / 'index.html'}")
    if written.message:
        _say(written.message)
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
    _console().print(table)
    for failure in catalogue.failures:
        _say(f"{failure.file}:{failure.line}: {failure.error}")
    if catalogue.failures:
        raise typer.Exit(USAGE)


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name.")]) -> None:
    """Say in words and formula which test a claim gets, and what its verdict will and will not mean."""
    project, claim = _one(name)
    from .attempts import history
    from .kind import untested
    from .plan import plan
    from .verify import takes
    from .words import cite, explain

    note = untested(claim)
    if note:
        typer.echo(f"{claim.title}\n{claim.statement}\n{cite(claim)}\nstated, not checked: {note}")
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
        _usage(str(error))
    from rich.table import Table

    table = Table(*head, box=None, pad_edge=False)
    for row in body:
        table.add_row(*row)
    _console().print(table)


def _run(project: Project, catalogue: Catalogue, options: Options, recompute: bool) -> list[Result]:
    """The results in the catalogue's order: stored ones first, the others side by side, more than cores since they wait for shared runs."""
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from . import store
    from .kind import untested

    keys = {claim.name: store.key(project, claim, options) for claim in catalogue.claims if not untested(claim)}
    known: dict[str, Result] = {}
    if not recompute:
        for claim in catalogue.claims:
            stored = store.load(project, claim, keys[claim.name], _say) if claim.name in keys else None
            if stored is not None:
                known[claim.name] = replace(stored, claim=claim, cached=True)
    waiting = [claim for claim in catalogue.claims if claim.name not in known]
    if not waiting:
        return [known[claim.name] for claim in catalogue.claims]
    from .simulate import Simulator, use_compile_cache
    from .verify import verify as verify_one

    try:
        use_compile_cache(project.state / "compiled")
    except OSError as error:
        _say(f"compilations are not kept: {error}")
    simulator = Simulator(project)
    with Progress(len(waiting)) as done, ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:

        def one(claim: Claim) -> Result:
            result = verify_one(claim, simulator, options)
            if claim.name in keys and not result.fault:
                try:
                    store.save(project, result, keys[claim.name])
                except OSError as error:
                    _say(f"the result of {claim.name} is not kept: {error}")
            done(result)
            return result

        futures = [pool.submit(one, claim) for claim in waiting]
        try:
            known |= {future.result().claim.name: future.result() for future in futures}
        except KeyboardInterrupt:
            _say("interrupted; the claims that were finished are kept, and the next run goes on from there")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
    return [known[claim.name] for claim in catalogue.claims]


class Progress:
    """A bar on a terminal, plain lines elsewhere, both on standard error."""

    def __init__(self, total: int) -> None:
        from rich import progress
        from rich.console import Console

        self.total, self.count = total, 0
        self.console = Console(stderr=True)
        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
        )
        self.bar = progress.Progress(*columns, console=self.console, transient=True) if self.console.is_terminal else None

    def __enter__(self) -> Any:
        if self.bar:
            self.bar.start()
            self.task = self.bar.add_task("checking", total=self.total)
        return self.advance

    def advance(self, result: Result) -> None:
        """One claim is finished."""
        self.count += 1
        if self.bar:
            self.bar.update(self.task, advance=1, description=result.claim.name)
        else:
            _say(f"[{self.count}/{self.total}] {result.claim.name}: {_verdict(result)} ({result.seconds:.1f} s)")

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()


def _table(results: list[Result], catalogue: Catalogue) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("claim", "verdict", "tightness", "controls", "time", box=None, pad_edge=False)
    for result in results:
        verdict = result.verdict
        style = "green" if result.as_expected else "yellow" if result.undecided else "red"
        tight = f"{verdict.tightness:.4g}" if verdict and verdict.tightness is not None else ""
        caught = f"{sum(c.as_expected for c in verdict.controls)}/{len(verdict.controls)}" if verdict else ""
        table.add_row(result.claim.name, Text(_verdict(result), style=style), tight, caught, f"{result.seconds:.1f} s")
    _console().print(table)
    expected = sum(r.as_expected and r.verdict is not None for r in results)
    checked = sum(r.verdict is not None for r in results)
    controls = [c for r in results if r.verdict for c in r.verdict.controls]
    typer.echo(
        f"{expected} of {checked} claims as expected, {sum(c.as_expected for c in controls)} of {len(controls)} controls, "
        f"{len(results) - checked} not checked, {len(catalogue.failures) + sum(bool(r.fault) for r in results)} broken"
    )


def _failures(results: list[Result]) -> None:
    from .words import failure

    for result in results:
        if not result.as_expected:
            typer.echo("\n" + failure(result))


def _verdict(result: Result) -> str:
    if result.verdict is None:
        return f"not checked: {result.note}"
    words = f"{result.verdict.verdict} ({result.verdict.evidence})" if result.verdict.verdict == "supported" else result.verdict.verdict
    if result.claim.expect.verdict == "refuted" and result.verdict.verdict == "refuted":
        words = "refuted as encoded"
    extra = [*result.verdict.reasons, *result.verdict.flags]
    return words + (f" [{', '.join(extra)}]" if extra else "")


def _catalogue(select: list[str] | None) -> tuple[Project, Catalogue]:
    from .catalogue import find_claims
    from .claim import Slip
    from .project import find_project

    project = find_project()
    catalogue = find_claims(project)
    try:
        return project, catalogue.select(select or [])
    except Slip as slip:
        _usage(str(slip))


def _one(name: str) -> tuple[Project, Claim]:
    project, catalogue = _catalogue([name])
    for failure in catalogue.failures:
        _say(f"{failure.file}:{failure.line}: {failure.error}")
    if len(catalogue.claims) != 1:
        _usage(f"{name!r} names {len(catalogue.claims)} claims: {', '.join(c.name for c in catalogue.claims)}. Name one.")
    return project, catalogue.claims[0]


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _usage(text: str) -> NoReturn:
    _say(text)
    raise typer.Exit(USAGE)
