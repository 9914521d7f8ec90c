"""Reads a claim file statement by statement, so that one that fails takes only what depends on it with it."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .claim import MADE, Claim
from .mend import chain, equality, mend, place

SECONDS = 20.0


@dataclass
class Fault:
    """What is wrong in a claim file, at its line, with the names of the claims that are lost by it."""

    line: int
    text: str
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """The claims that a file assigns to module-level names, not yet checked, and its faults."""

    claims: Mapping[str, Claim]
    faults: list[Fault]


class _TooLong(BaseException):
    """Raised in a claim file that does not end; not an Exception, so that a loop that catches those ends too."""


def read(file: Path) -> Reading:
    """Runs a claim file. Nothing that it does raises here, and what it prints goes to standard error."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        tree = ast.parse(text, filename=str(file))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Reading({}, [Fault(line, f"the byte {error.object[error.start]:#x} is no UTF-8. Save the file as UTF-8.")])
    except SyntaxError as error:
        hint = " Indent with spaces only." if isinstance(error, TabError) else ""
        return Reading({}, [Fault(error.lineno or 1, f"this is no Python: {error.msg}.{hint}")])
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return Reading({}, [Fault(1, f"the file cannot be read: {error}. Write it as a text file in UTF-8.")])
    module = ModuleType(f"{_package(file.parent)}.{file.stem}", ast.get_docstring(tree))
    module.__file__, module.__package__ = str(file), module.__name__.rpartition(".")[0]
    made: list[Claim] = []
    token = MADE.set(made)
    sys.modules[module.__name__] = module
    try:
        with contextlib.redirect_stdout(sys.stderr), _limited():
            faults = _run(tree, text, module, file)
    except _TooLong:
        faults = [Fault(1, f"the file was not read in {SECONDS:g} s. A claim file defines claims: take out what waits or loops.")]
    finally:
        MADE.reset(token)
        for name in [name for name in sys.modules if name.startswith(f"{module.__package__}.")]:
            del sys.modules[name]
    return _found(file, vars(module), made, faults, tree)


def where_line(file: Path, name: str) -> int:
    """The first line where a where table gives the letter of that name a role, as far as the source shows it."""
    for node in ast.walk(ast.parse(file.read_bytes().decode("utf-8-sig"))):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Name) and key.id == name:
                return key.lineno
    return 1


def _run(tree: ast.Module, text: str, module: ModuleType, file: Path) -> list[Fault]:
    """Runs each statement; one that needs a name that an earlier one failed to give is lost with it, and counted to it."""
    faults: list[Fault] = []
    lost: dict[str, Fault] = {}
    for statement in tree.body:
        fault = _compared_by_python(statement, text)
        error = None if fault else _raised(statement, module, file)
        if fault is None and error is None:
            continue
        if fault is None and isinstance(error, NameError):
            fault = lost.get(getattr(error, "name", None) or "")
        if fault is None and error is not None:
            line, code = place(error, file, text)
            fault = Fault(line or statement.lineno, mend(error, code, vars(module)))
        if fault is not None:
            faults += [fault] if all(fault is not other for other in faults) else []
            names = _bound(statement)
            fault.lost += names if _makes_claim(statement) else []
            for name in names:
                lost[name] = fault
                vars(module).pop(name, None)
    for fault in faults:
        if fault.lost:
            fault.text += f" Not read because of it: {', '.join(fault.lost)}."
    return faults


def _raised(statement: ast.stmt, module: ModuleType, file: Path) -> BaseException | None:
    try:
        exec(compile(ast.Module([statement], []), str(file), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        return error
    return None


def _compared_by_python(statement: ast.stmt, text: str) -> Fault | None:
    """A chain, or ==, in a statement, an assumption or a Piecewise: where Python can decide it, nothing would be raised."""
    places = [k.value for k in ast.walk(statement) if isinstance(k, ast.keyword) and k.arg in ("statement", "assuming")]
    places += [c for c in ast.walk(statement) if isinstance(c, ast.Call) and _called(c) == "Piecewise"]
    for node in (inner for outer in places for inner in ast.walk(outer) if isinstance(inner, ast.Compare)):
        if len(node.ops) > 1 or isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            code = ast.get_source_segment(text, node) or "this"
            return Fault(node.lineno, chain(code) if len(node.ops) > 1 else equality(code))
    return None


def _found(file: Path, names: Mapping[str, Any], made: list[Claim], faults: list[Fault], tree: ast.Module) -> Reading:
    """The claims by name; a claim that no name holds is a fault of its own, and so is a file without any."""
    here = {name: value for name, value in names.items() if isinstance(value, Claim) and value.file == str(file)}
    held: dict[int, int] = {}
    for claim in here.values():
        held[claim.line] = held.get(claim.line, 0) + 1
    kept = {id(claim) for claim in here.values()}
    bindings = _bindings(tree)
    repeated: set[str] = set()
    for claim in made:
        if claim.file != str(file) or id(claim) in kept:
            continue
        if held.get(claim.line, 0) > 0:
            held[claim.line] -= 1
            continue
        name = next((n for n, lines in bindings.items() if any(a <= claim.line <= b for a, b in lines) and len(lines) > 1), "")
        if name:
            first, again = bindings[name][0][0], bindings[name][1][0]
            repeated.add(name)
            said = f"two claims are named {name!r}, at lines {first} and {again}; the first would be lost. Rename one."
            faults.append(Fault(again, said, [name]))
        else:
            said = f"the claim {claim.title!r} has no name of its own in the file, so it would not be checked."
            faults.append(Fault(claim.line, f"{said} Assign it, outside of any list or loop: my_claim = Claim(...)."))
    public: dict[str, Claim] = {}
    for name, claim in here.items():
        if not name.startswith("_") and name not in repeated and all(claim is not other for other in public.values()):
            public[name] = claim
    if not public and not faults:
        faults.append(Fault(1, "no claim in this file. Assign one to a name: my_claim = Claim(...)."))
    return Reading(public, faults)


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement was to give a value."""
    found = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    return found


def _makes_claim(statement: ast.stmt) -> bool:
    return any(_called(node) in ("Claim", "replace") for node in ast.walk(statement) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _bindings(tree: ast.Module) -> dict[str, list[tuple[int, int]]]:
    """The first and last lines of the module-level statements that assign each name something that a call made."""
    found: dict[str, list[tuple[int, int]]] = {}
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            for name in _bound(statement):
                found.setdefault(name, []).append((statement.lineno, statement.end_lineno or statement.lineno))
    return found


def _package(folder: Path) -> str:
    """A package for the claim files of a folder, so that one may import from another with a dot, and two projects' never meet."""
    name = f"theorylab_claims_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    holder = sys.modules.setdefault(name, ModuleType(name))
    holder.__path__ = [str(folder)]
    return name


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Ends what runs too long, where the system can: on the main thread, by an alarm."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
