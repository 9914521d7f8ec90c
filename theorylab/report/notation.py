"""Layouts of formulas -> MathML, LaTeX and plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from .symbols import symbol_mathml

MARKS = {"<=": "≤", ">=": "≥", "*": "⁢", "-": "−", "!=": "≠"}
COMMANDS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "*": ""}
COMMANDS |= {name: rf"\{name}" for name in ("log", "exp", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan")}


@dataclass(frozen=True)
class Box:
    """A piece of a formula: its `form` (letter, number, mark, name, words, row, fraction, power, root, fence, cases), text and parts."""

    form: str
    text: str = ""
    parts: tuple[Box, ...] = ()
    latex: str = ""


def row(*parts: Box) -> Box:
    """Pieces side by side."""
    return parts[0] if len(parts) == 1 else Box("row", parts=parts)


def mark(text: str) -> Box:
    """An operator or a relation, in ASCII."""
    return Box("mark", text)


def to_mathml(box: Box, deep: bool = False) -> str:
    """Presentation MathML without the enclosing math element. A simple fraction inside another, or in an exponent, is `deep`: a/b."""
    deep = deep and box.form != "cases"
    inner = [to_mathml(part, deep or _lowers(box, n)) for n, part in enumerate(box.parts)]
    match box.form:
        case "letter":
            return symbol_mathml(box.latex)
        case "number":
            return f"<mn>{escape(box.text)}</mn>"
        case "mark":
            return f"<mo>{MARKS.get(box.text, escape(box.text))}</mo>"
        case "name":
            return f'<mi mathvariant="normal">{escape(box.text)}</mi><mo>⁡</mo>'
        case "words":
            return f"<mtext>{escape(box.text)}</mtext>"
        case "fraction" if deep and _is_simple(box):
            return f"<mrow>{inner[0]}<mo>/</mo>{inner[1]}</mrow>"
        case "fraction":
            return f"<mfrac>{''.join(inner)}</mfrac>"
        case "power":
            return f"<msup>{''.join(inner)}</msup>"
        case "root":
            return f"<msqrt>{inner[0]}</msqrt>" if len(inner) == 1 else f"<mroot>{''.join(inner)}</mroot>"
        case "fence":
            left, right = (escape(side) for side in box.text)
            fence = '<mo fence="true" stretchy="true">{}</mo>'
            return f"<mrow>{fence.format(left)}{inner[0]}{fence.format(right)}</mrow>"
        case "cases":
            rows = "".join(f"<mtr><mtd>{a}</mtd><mtd>{b}</mtd></mtr>" for a, b in zip(inner[::2], inner[1::2], strict=True))
            return f'<mrow><mo fence="true" stretchy="true">{{</mo><mtable columnalign="left">{rows}</mtable></mrow>'
    for n, part in enumerate(box.parts[1:], 1):
        if _first(part).form == "name" and box.parts[n - 1] == mark("*"):
            inner[n] = f'<mspace width="0.17em"/>{inner[n]}'
    return f"<mrow>{''.join(inner)}</mrow>"


def to_latex(box: Box, deep: bool = False) -> str:
    """LaTeX that needs amsmath and nothing else; `deep` as in MathML."""
    deep = deep and box.form != "cases"
    inner = [to_latex(part, deep or _lowers(box, n)) for n, part in enumerate(box.parts)]
    match box.form:
        case "letter":
            return box.latex
        case "mark":
            return box.text if box.text in "+-/," else f" {COMMANDS.get(box.text, box.text)} "
        case "name":
            return COMMANDS.get(box.text, rf"\operatorname{{{box.text}}}") + " "
        case "words":
            return rf"\text{{{box.text}}}"
        case "fraction" if deep and _is_simple(box):
            return f"{inner[0]}/{inner[1]}"
        case "fraction":
            return rf"\frac{{{inner[0]}}}{{{inner[1]}}}"
        case "power":
            base = f"{{{inner[0]}}}" if re.search(r"[_^]", inner[0]) and box.parts[0].form == "letter" else inner[0]
            return rf"{base}^{{{inner[1]}}}"
        case "root":
            return rf"\sqrt{{{inner[0]}}}" if len(inner) == 1 else rf"\sqrt[{inner[1]}]{{{inner[0]}}}"
        case "fence":
            left, right = ({"⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil "}.get(side, side) for side in box.text)
            return rf"\left{left}{inner[0]}\right{right}"
        case "cases":
            rows = r" \\ ".join(f"{a} & {b}" for a, b in zip(inner[::2], inner[1::2], strict=True))
            return rf"\begin{{cases}} {rows} \end{{cases}}"
    return box.text + "".join(inner)


def to_text(box: Box) -> str:
    """One line of plain text in the letters' own names, which Python and sympy could read."""
    inner = [to_text(part) for part in box.parts]
    atom = [text if _is_atom(part) else f"({text})" for part, text in zip(box.parts, inner, strict=True)]
    match box.form:
        case "mark":
            return box.text if box.text in "*/" else ", " if box.text == "," else f" {box.text} "
        case "fraction":
            below = inner[1] if box.parts[1].form == "power" else atom[1]
            return f"{inner[0] if _is_product(box.parts[0]) else atom[0]}/{below}"
        case "power":
            return f"{atom[0]}^{atom[1]}"
        case "root":
            return f"sqrt({inner[0]})" if len(inner) == 1 else f"{atom[0]}^(1/{inner[1]})"
        case "fence":
            name = {"|": "abs", "⌊": "floor", "⌈": "ceiling"}.get(box.text[0], "")
            return f"{name}({inner[0]})" if name else f"{box.text[0]}{inner[0]}{box.text[1]}"
        case "cases":
            return "{" + "; ".join(f"{a} {b}" for a, b in zip(inner[::2], inner[1::2], strict=True)) + "}"
        case "row" if box.parts and box.parts[0].text == "-":
            return ("-" + "".join(inner[1:])).replace("  ", " ")
    return box.text + "".join(inner)


def _first(box: Box) -> Box:
    """The piece that a box begins with, such as the name of a function."""
    return _first(box.parts[0]) if box.form == "row" else box


def _lowers(box: Box, position: int) -> bool:
    """Whether a part is set smaller than its box."""
    return box.form == "fraction" or (box.form == "power" and position == 1)


def _is_simple(fraction: Box) -> bool:
    """Whether a fraction reads as well on one line."""
    return all(part.form in ("letter", "number") for part in fraction.parts)


def _is_atom(box: Box) -> bool:
    call = box.form == "row" and len(box.parts) == 2 and box.parts[0].form == "name"
    return box.form in ("letter", "number", "words", "root", "fence", "cases") or call


def _is_product(box: Box) -> bool:
    return _is_atom(box) or box.form == "power" or (box.form == "row" and all(p.form != "mark" or p.text == "*" for p in box.parts))
