"""Commands for measurements that come from elsewhere or go there: judge, export."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Annotated

import typer

from .. import terminal
from .choose import known_tier, one


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
    project, claim = one(name)
    from importlib.metadata import version

    from .. import __version__, attempts
    from ..catalogue import Catalogue
    from ..judgement import judged
    from ..report import document
    from ..result import Options
    from ..words import unseen

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
        terminal.show(terminal.shown([result], Catalogue((claim,), ())))
        if result.as_expected:
            note = result.verdict.detail if result.verdict else ""
            typer.echo("\n".join([*([f"note       {note}"] if note else []), f"not shown  {'; '.join(unseen(result))}"]))
    raise typer.Exit(document.exit_code(found))


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
    from ..export import checked, write
    from ..judgement import control_number

    project, claim = one(name)
    from .. import execute
    from ..catalogue import Catalogue
    from ..result import Options

    known_tier(tier)
    try:
        file = checked(to)
        number = control_number(claim, control) if control else 0
        result = execute.run(project, Catalogue((claim,), ()), {claim.name: Options(tier, seed=seed)}, recompute=False)[0]
        typer.echo(f"{write(result, file, number)}")
    except (ValueError, OSError) as error:
        terminal.usage(str(error))
