"""What people and other programs read after a run: pages, data, verdicts as JSON and JUnit; written whole or not at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import disk

if TYPE_CHECKING:
    from ..catalogue import Failure
    from ..project import Project
    from ..verify import Options, Result

__all__ = ["Written", "put", "write"]


class Written(NamedTuple):
    """Where a report is. `message` says what went wrong on the way; `complete` is False where not everything could be written."""

    folder: Path
    message: str = ""
    complete: bool = True


def write(
    results: Sequence[Result],
    failures: Sequence[Failure],
    options: Options,
    project: Project,
    run_info: Mapping[str, Any],
    others: Collection[str] = (),
) -> Written:
    """Writes the report of a run under project.reports, or where that fails to a fresh temporary folder. Never raises OSError.

    `run_info` gives versions, device, started and seconds, and how the seeds were chosen. Pages and data of a claim about which nothing
    changed are left as they are. Of claims among `others` that did not run now, the index keeps the rows of their last run.
    """
    from .document import document

    found = document(results, failures, options, run_info)
    try:
        return Written(project.reports, *_notes(_write(project.reports, results, found, others)))
    except OSError as error:
        first = f"{project.reports} could not be written ({_why(error)})"
    try:
        folder = Path(tempfile.mkdtemp(prefix="theorylab-reports-"))
        _write(folder, results, found)
        return Written(folder, f"{first}; the whole report is in {folder}. Copy it from there, or make room and run again.")
    except OSError as error:
        kept = "What was written before is whole. The verdicts are in what this command prints; --json prints all of them."
        return Written(project.reports, f"{first}, nor could a temporary folder ({_why(error)}). {kept}", complete=False)


def _write(folder: Path, results: Sequence[Result], document: Mapping[str, Any], others: Collection[str] = ()) -> list[str]:
    """Writes everything, the verdicts first and the index last. Returns what is missing in it."""
    from . import dataset, figures, page
    from .junit import junit
    from .schema import json_schema

    for part in (folder, folder / "data", folder / "claims"):
        part.mkdir(parents=True, exist_ok=True)
    put(folder / "verdicts.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    put(folder / "verdicts.schema.json", json.dumps(json_schema(), indent=1) + "\n")
    put(folder / "junit.xml", junit(document))
    missing: list[str] = []
    for result, entry in zip(results, document["claims"], strict=True):
        file, data = folder / "claims" / f"{result.claim.name}.html", folder / "data" / f"{result.claim.name}.nc"
        digest = _digest(result, entry, document["run"])
        if _is_current(file, _beside(data, digest)):
            continue
        if result.data:
            dataset.write(result, data.parent, document["run"])
        drawn = _attempt(f"the figures of {result.claim.name}", partial(figures.figures, result), missing) or []
        html = _attempt(
            f"the page of {result.claim.name}",
            partial(page.claim_page, result, entry, document["run"], drawn, _beside(data, digest)),
            missing,
        )
        if html is not None:
            put(file, html)
    now = page.rows(document, results)
    earlier = _earlier(folder / "rows.json", set(others) - {entry["name"] for entry in document["claims"]})
    stamped = [row | {"ran": document["run"].get("started") or "at an unknown time"} for row in now]
    put(folder / "rows.json", json.dumps([*stamped, *earlier]) + "\n")
    put(folder / "index.html", page.index(document, [*now, *earlier]))
    return missing


def _earlier(file: Path, names: Collection[str]) -> list[dict[str, Any]]:
    """The index's rows of claims that earlier runs wrote; none where they cannot be read."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        has_page = {page.stem for page in (file.parent / "claims").glob("*.html")}
        return [row for row in rows if row["entry"]["name"] in has_page & set(names)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _attempt(what: str, make: Callable[[], Any], missing: list[str]) -> Any:
    """What `make` returns, or None with a note; a plot or a page that fails costs itself, never the report."""
    try:
        return make()
    except OSError:
        raise
    except Exception as error:
        missing.append(f"{what} ({type(error).__name__}: {error})")
        return None


def _notes(missing: list[str]) -> tuple[str, bool]:
    return (f"not in the report: {'; '.join(missing)}", False) if missing else ("", True)


def put(file: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    disk.put(file, text.encode("utf-8"))


def _digest(result: Result, entry: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Everything that a claim's page and data depend on but the clock: statement, verdict, numbers, seeds, versions, and this package."""
    stable = {name: value for name, value in entry.items() if name not in ("seconds", "cached")}
    hashed = blake2b(digest_size=16)
    for part in (
        _code(),
        repr(result.claim),
        repr(result.verdict),
        json.dumps(stable),
        repr([run[n] for n in ("versions", "device")]),
    ):
        hashed.update(part.encode() + b"\0")
    for key, data in result.data.items():
        for name, values in data.variables.items():
            hashed.update(f"{key}/{name}/{values.dims}/{values.dtype}".encode())
            hashed.update(values.to_numpy().tobytes())
    return hashed.hexdigest()


def _code() -> str:
    """The source of this package, by its files' sizes and times."""
    files = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".html", ".css"))
    return repr([(path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files])


def _beside(data: Path, digest: str) -> str:
    """The digest for a page that lies beside this data file: a run that was killed between the two left a page beside other data."""
    try:
        return f"{digest}-{blake2b(data.read_bytes(), digest_size=16).hexdigest()}"
    except OSError:
        return f"{digest}-alone"


def _is_current(file: Path, digest: str) -> bool:
    try:
        with file.open(encoding="utf-8") as page:
            return digest in page.read(2000)
    except (OSError, UnicodeDecodeError):
        return False


def _why(error: OSError) -> str:
    return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
