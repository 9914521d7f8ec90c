"""What the source of kernels and families says without being run: where a name is defined, its letters, and its import closure."""

from __future__ import annotations

import ast
import re
import threading
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .slip import Slip

# CPython 3.11 counts the depth of all the trees that its threads build in one number, and fails.
_parsing = threading.Lock()


class Found(NamedTuple):
    """The definition of a module-level name: its file, its line, and the node that gives it its value, where it can be read."""

    file: Path
    line: int
    node: ast.AST | None


class Letters(NamedTuple):
    """The keyword-only arguments of a function, and the names of the positional ones."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    positional: tuple[str, ...]


def definition(file: Path, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> Found | None:
    """Where a module-level name is defined, through aliases and relative imports; None where the module has no such name."""
    if (file, name) in seen:
        return None
    seen |= {(file, name)}
    found = None
    for statement in _giving(file, name):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                plain = isinstance(statement, ast.FunctionDef) and not statement.decorator_list
                found = Found(file, statement.lineno, statement if plain else None)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                found = Found(file, statement.lineno, value)
                if isinstance(value, ast.Name):
                    found = definition(file, value.id, seen) or found
            case ast.ImportFrom() | ast.Import():
                for alias in statement.names:
                    found = _imported(file, statement, alias, name, seen) or found
    return found


def names(file: Path) -> list[str]:
    """The public module-level functions and assigned names of a module, in their order."""
    found: list[str] = []
    for statement in _statements(tree(file).body):
        if isinstance(statement, ast.FunctionDef):
            found.append(statement.name)
        found += _targets(statement)
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def letters_of(node: ast.AST | None) -> Letters | None:
    """The letters that a function takes; None where the node is none, so that its letters are not known."""
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return None
    given = list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
    return Letters(
        tuple(argument.arg for argument, default in given if default is None),
        tuple(argument.arg for argument, default in given if default is not None),
        tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args)),
    )


def defaults_of(node: ast.AST | None) -> dict[str, float | None]:
    """The keyword-only arguments of a function that have a default, each with the number that it is, or None where it is none."""
    if not isinstance(node, ast.FunctionDef):
        return {}
    given = {a.arg: default for a, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is not None}
    return {name: _number(default) for name, default in given.items()}


def family_parts(found: Found) -> tuple[Found | None, Found | None] | None:
    """The definitions of a family's draw and build, None for one that cannot be read; None for what is no call of Family."""
    call = found.node
    if not isinstance(call, ast.Call) or _called(call) != "Family":
        return None
    given = dict(zip(("draw", "build"), call.args, strict=False)) | {k.arg: k.value for k in call.keywords}
    draw, build = (_value(found.file, given.get(part)) for part in ("draw", "build"))
    return draw, build


def closure(file: Path) -> tuple[Path, ...]:
    """The file and every file of its simulations/ folder that it imports relatively, directly or not, packages included."""
    base = next((parent for parent in file.parents if parent.name == "simulations"), file.parent)
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        current = waiting.pop()
        if current in seen or not current.is_file() or not current.is_relative_to(base):
            continue
        seen.add(current)
        waiting += [parent / "__init__.py" for parent in current.parents if parent.is_relative_to(base)]
        for node in imports(current):
            if isinstance(node, ast.ImportFrom) and node.level:
                waiting += _modules(current, node) + _submodules(current, node)
    return tuple(sorted(seen))


def code(file: Path) -> str:
    """The lines of a file that do something: no blank lines, no comments, no docstrings.

    Text and not a syntax tree, which each version of Python writes in its own way.
    """
    return _code(file, file.stat().st_mtime_ns)


def imports(file: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Every import statement of a file, wherever it stands."""
    return _imports(file, file.stat().st_mtime_ns)


def tree(file: Path) -> ast.Module:
    """The syntax tree of a file. Raises Slip where it has none."""
    with _parsing:
        return _tree(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _tree(file: Path, stamp: int) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8-sig"), filename=str(file))
    except SyntaxError as error:
        raise Slip(f"{file.name}, line {error.lineno}, is no Python: {error.msg}.") from None
    except ValueError as error:
        raise Slip(f"{file.name} cannot be read: {error}. Save it as UTF-8.") from None


@lru_cache(maxsize=512)
def _imports(file: Path, stamp: int) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(node for node in ast.walk(tree(file)) if isinstance(node, (ast.Import, ast.ImportFrom)))


@lru_cache(maxsize=512)
def _code(file: Path, stamp: int) -> str:
    lines = re.split(r"\r\n|\r|\n", file.read_text(encoding="utf-8-sig"))
    for token in tokenize.generate_tokens(iter([line + "\n" for line in lines]).__next__):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    kept = {number for number, line in enumerate(lines, 1) if line.strip()}
    docstrings: set[int] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            kept |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            docstrings |= _alone(node.body[0], lines)
    return "\n".join(lines[number - 1].rstrip() for number in sorted(kept - docstrings))


def _giving(file: Path, name: str) -> list[ast.stmt]:
    """The statements that may give a module-level name its value, in their order."""
    given = _given(file, file.stat().st_mtime_ns)
    return sorted([*given.get(name, ()), *given.get("*", ())], key=lambda statement: statement.lineno)


@lru_cache(maxsize=512)
def _given(file: Path, stamp: int) -> dict[str, list[ast.stmt]]:
    """The statements of a module by the names that they give; under * those that import all of another."""
    given: dict[str, list[ast.stmt]] = {}
    for statement in _statements(tree(file).body):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names = [statement.name]
            case ast.ImportFrom() | ast.Import():
                names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
            case _:
                names = _targets(statement) if getattr(statement, "value", None) is not None else []
        for name in dict.fromkeys(names):
            given.setdefault(name, []).append(statement)
    return given


def _alone(statement: ast.stmt, lines: list[str]) -> set[int]:
    """The lines of a statement, where nothing else stands on them."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    before = lines[first - 1].encode()[: statement.col_offset]
    after = lines[last - 1].encode()[statement.end_col_offset :]
    return set() if before.strip() or after.strip() else set(range(first, last + 1))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, those inside if, try and with included."""
    for statement in body:
        yield statement
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _statements(getattr(statement, part, []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)


def _targets(statement: ast.stmt) -> list[str]:
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return [node.id for target in targets if isinstance(target, ast.Name) for node in [target]]


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _imported(
    file: Path, statement: ast.ImportFrom | ast.Import, alias: ast.alias, name: str, seen: frozenset[tuple[Path, str]]
) -> Found | None:
    """Where an imported name is defined; the import itself where that leaves the simulations/ folder."""
    star = alias.name == "*"
    if not star and name != (alias.asname or alias.name.partition(".")[0]):
        return None
    if isinstance(statement, ast.ImportFrom) and statement.level:
        for path in _modules(file, statement):
            found = definition(path, name if star else alias.name, seen)
            if found is not None:
                return found
    return None if star else Found(file, statement.lineno, None)


def _value(file: Path, node: ast.expr | None) -> Found | None:
    """What an argument stands for: a function by name or `module.name`, or a lambda; None for what a call makes."""
    match node:
        case ast.Lambda():
            return Found(file, node.lineno, node)
        case ast.Name(id=name):
            return definition(file, name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            imports = [n for n in _statements(tree(file).body) if isinstance(n, ast.ImportFrom) and n.level]
            for one in imports:
                for alias in one.names:
                    if (alias.asname or alias.name) == module:
                        for path in _submodules(file, ast.ImportFrom(one.module, [alias], one.level)):
                            return definition(path, name)
    return None


def _modules(file: Path, statement: ast.ImportFrom) -> list[Path]:
    """The file that a relative import reads, if it is there."""
    if statement.level > len(file.parents):
        return []
    folder = file.parents[statement.level - 1]
    return _files(folder.joinpath(*statement.module.split("."))) if statement.module else _files(folder)


def _submodules(file: Path, statement: ast.ImportFrom) -> list[Path]:
    """The files that a relative import reads where what it imports are modules themselves."""
    if statement.level > len(file.parents):
        return []
    folder = file.parents[statement.level - 1].joinpath(*(statement.module or "").split("."))
    return [path for alias in statement.names for path in _files(folder / alias.name)]


def _files(stem: Path) -> list[Path]:
    return [path for path in (stem.parent / f"{stem.name}.py", stem / "__init__.py") if path.is_file()]
