"""What an exception that a claim file raised means for its author, and what to write instead."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from . import claim as language
from .claim import BASES, Claim, Slip, Source
from .slip import near

WORDS = [name for name in language.__all__ if name not in ("BASES", "TIERS", "is_previous", "Role", "Quantifier", "Expectation")]
FILLED_IN = ("self", "file", "line", "name", "taken")
SYMPY = "Write sympy's: from sympy import sqrt, log, exp, Max, Min"


def place(error: BaseException, file: Path, text: str) -> tuple[int, str]:
    """The line of the claim file where it failed (0 where it is not in that file), and the code there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = (frames[-1].lineno or 0) if frames else 0
    if not line:
        return 0, ""
    last, begin, end = frames[-1].end_lineno, frames[-1].colno, frames[-1].end_colno
    lines = text.encode().split(b"\n")[line - 1 : last or line]
    return line, "" if begin is None or end is None or len(lines) != 1 else lines[0][begin:end].decode()


def mend(error: BaseException, code: str, names: Mapping[str, Any]) -> str:
    """The words for an exception, raised by a piece of code where some names were known."""
    text = str(error)
    if isinstance(error, Slip):
        return text
    if isinstance(error, SystemExit):
        return "the file ends the program here. Take the exit out: a claim file only defines claims."
    if isinstance(error, TypeError) and "truth value of Relational" in text:
        return _truth(code)
    if isinstance(error, TypeError) and re.search(r"convert (expression|symbols?) to|Cannot round|must be real number|as an integer", text):
        return f"{code or 'a function of Python'} wants a number and got letters. {SYMPY}, floor, ceiling."
    if "no callable" in text or "ufunc" in text:
        return f"{code or 'a function of NumPy'} is a function of NumPy, which takes no letters. {SYMPY}."
    if isinstance(error, ImportError):
        return _import(error, text)
    if isinstance(error, AttributeError) and (found := re.match(r"module '(\w[\w.]*)' has no attribute '(\w+)'", text)):
        return f"{found[1]} has no {found[2]}. Near: {near(found[2], _names_of(found[1]))}."
    if isinstance(error, NameError):
        return _name(error, names)
    if isinstance(error, TypeError) and (found := re.match(r"(?:\w+\.)*?(\w+?)(?:\.__init__)?\(\) (.*)", text)):
        return _arguments(found[1], found[2])
    at = f" in {code}" if code else ""
    return f"{type(error).__name__}{at}: {text.rstrip('.') or 'no more is said'}. Mend that line, or take it out."


def chain(code: str) -> str:
    """The words for a <= b <= c."""
    return f"{code} is a chain of comparisons. Write one claim for each, or one of them in assuming=(...)."


def equality(code: str) -> str:
    """The words for a == b, which Python answers at once."""
    return f"{code} is compared by Python before sympy sees it. Write Eq(a, b), or Ne(a, b)."


def _truth(code: str) -> str:
    """A relation of letters was asked whether it is true: what for shows in the code."""
    try:
        node: Any = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        node = None
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called in ("max", "min", "maximum", "minimum", "amax", "amin"):
            return f"{code} compares letters, which have no order yet. Write sympy's {called[:3].replace('ama', 'max').capitalize()}."
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return chain(code)
    if isinstance(node, ast.BoolOp):
        return f"{code} joins relations with and, or. Write one claim for each, or conditions in assuming=(first, second)."
    said = code or "a relation of letters"
    return f"{said} was asked whether it is true, which depends on its letters. Write Piecewise, Max or Min, not if."


def _import(error: ImportError, text: str) -> str:
    found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", text)
    if found:
        return f"{found[2]} has no {found[1]}. Near: {near(found[1], _names_of(found[2]))}."
    module = error.name or ""
    own = f" What another claim file has is imported with a dot: from .{module} import name." if module.isidentifier() else ""
    return f"{text.rstrip('.')}. A claim file imports theorylab and sympy only.{own}"


def _names_of(module: str) -> list[str]:
    known = sys.modules.get(module)
    return [name for name in dir(known) if not name.startswith("_")] if isinstance(known, ModuleType) else WORDS


def _name(error: NameError, names: Mapping[str, Any]) -> str:
    name = getattr(error, "name", None) or str(error)
    for package in ("theorylab", "sympy"):
        if (package == "theorylab" and name in WORDS) or (package == "sympy" and name in _names_of("sympy")):
            return f"{name} is not imported. Add  from {package} import {name}."
    known = [*(n for n in names if not n.startswith("_")), *WORDS, *dir(builtins)]
    return f"the name {name} is not defined. Near: {near(name, known)}. A new letter is made by  {name} = letters({name!r})."


def _arguments(name: str, complaint: str) -> str:
    """A call with the wrong arguments: the right ones."""
    function = Source.at if name == "at" else getattr(language, name, None)
    if not callable(function):
        return f"{name}() {complaint}. Mend the call."
    parameters = [p for p in inspect.signature(function).parameters if (function is not Claim and p != "self") or p not in FILLED_IN]
    found = re.search(r"unexpected keyword argument '(\w+)'", complaint)
    if found:
        return f"{name}() has no {found[1]}=. Near: {near(found[1], parameters)}. It takes {', '.join(parameters)}."
    if name in ("letters", "signed"):
        return f"{name}() {complaint.rstrip('.')}. Write all names in one text: {name}('k L D')."
    extra = f" Write at('Theorem 3.1', basis='theorem'); basis is one of {', '.join(BASES)}." if name == "at" else ""
    return f"{name}() {complaint.rstrip('.')}. It takes {', '.join(parameters)}.{extra}"
