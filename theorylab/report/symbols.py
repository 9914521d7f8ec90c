"""How letters print: the small part of LaTeX in which roles say it, as MathML, and the LaTeX of a Python name."""

from __future__ import annotations

import re
import unicodedata
from html import escape

GREEK = dict(
    zip(
        (
            *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda"),
            *("mu", "nu", "xi", "pi", "rho", "varrho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega"),
            *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
        ),
        "αβγδϵεζηθϑικλμνξπρϱστυϕφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
SIGNS = {"infty": "∞", "star": "⋆", "ast": "∗", "dagger": "†", "prime": "′", "ell": "ℓ", "cdot": "·", "times": "×", "circ": "∘"}
SIGNS |= {"perp": "⊥", "parallel": "∥", "|": "∥", "pm": "±", "to": "→", "ldots": "…", "dots": "…", "nabla": "∇", "partial": "∂"}
ACCENTS = {"hat": "^", "widehat": "^", "bar": "¯", "overline": "¯", "tilde": "~", "widetilde": "~", "dot": "˙", "vec": "→"}
SUPERS = {"star": r"\star", "prime": r"\prime", "plus": "+", "minus": "-"}
STYLES = {"mathrm", "text", "operatorname", "mathsf", "mathbf", "mathcal", "mathbb", "mathit", "mathfrak", "boldsymbol"}
SPACES = {",", ";", ":", "!", "quad", " "}
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)


def symbol_mathml(latex: str) -> str:
    r"""A letter such as \mathrm{KL}_k or \hat{\sigma}_{1:T}^2 as MathML. What is not known prints as its name."""
    tokens = _TOKEN.findall(latex)
    inner, _ = _sequence(tokens, 0)
    return inner


def name_latex(name: str) -> str:
    r"""The LaTeX of a Python name: sigma_1 as \sigma_{1}, L_hat as \hat{L}, gap as \mathrm{gap}."""
    base, *below = name.strip("_").split("_")
    accents = [part for part in below if part in ACCENTS]
    above = [SUPERS[part] for part in below if part in SUPERS]
    below = [part for part in below if part not in ACCENTS and part not in SUPERS]
    text = _word_latex(base)
    for accent in accents:
        text = rf"\{accent}{{{text}}}"
    return text + (f"_{{{','.join(map(_word_latex, below))}}}" if below else "") + (f"^{{{above[0]}}}" if above else "")


def _word_latex(word: str) -> str:
    if word in GREEK or word == "ell":
        return rf"\{word}"
    letters, digits = re.fullmatch(r"(\D*)(.*)", word).groups()  # pyright: ignore[reportOptionalMemberAccess]
    if letters and digits:
        return f"{_word_latex(letters)}_{{{digits}}}"
    return word if len(word) < 2 or word.isdigit() else rf"\mathrm{{{word}}}"


def _sequence(tokens: list[str], at: int, close: str = "") -> tuple[str, int]:
    """The MathML from a token on, up to the closing one; and the place after it."""
    out: list[str] = []
    while at < len(tokens) and tokens[at] != close:
        if tokens[at] in "_^":
            base = out.pop() if out else "<mi></mi>"
            scripts: dict[str, str] = {}
            while at < len(tokens) and tokens[at] in ("_", "^"):
                script = tokens[at]
                scripts[script], at = _one(tokens, at + 1)
            tag = {"_": "msub", "^": "msup"}.get("".join(scripts), "msubsup")
            out.append(f"<{tag}>{base}{''.join(scripts[s] for s in ('_', '^') if s in scripts)}</{tag}>")
            continue
        piece, at = _one(tokens, at)
        if piece:
            out.append(piece)
    return (out[0] if len(out) == 1 else f"<mrow>{''.join(out)}</mrow>"), at + 1


def _one(tokens: list[str], at: int) -> tuple[str, int]:
    """The MathML of one token with its arguments, and the place after it."""
    if at >= len(tokens):
        return "<mi></mi>", at
    token = tokens[at]
    if token == "{":
        return _sequence(tokens, at + 1, "}")
    if token.startswith("\\"):
        return _command(tokens, at, token[1:])
    if token.isspace():
        return "", at + 1
    if token[0].isdigit():
        return f"<mn>{token}</mn>", at + 1
    return (f"<mi>{token}</mi>" if token.isalpha() else f"<mo>{escape('−' if token == '-' else token)}</mo>"), at + 1


def _command(tokens: list[str], at: int, name: str) -> tuple[str, int]:
    if name in GREEK:
        return (f'<mi mathvariant="normal">{GREEK[name]}</mi>' if name[0].isupper() else f"<mi>{GREEK[name]}</mi>"), at + 1
    if name in SIGNS:
        return f"<mi>{SIGNS[name]}</mi>" if SIGNS[name].isalpha() or name in (
            "infty",
            "nabla",
        ) else f"<mo>{SIGNS[name]}</mo>", at + 1
    if name in SPACES:
        return "", at + 1
    if name in ACCENTS:
        inner, after = _one(tokens, at + 1)
        return f'<mover accent="true">{inner}<mo>{ACCENTS[name]}</mo></mover>', after
    if name in STYLES:
        end = tokens.index("}", at) if tokens[at + 1 : at + 2] == ["{"] and "}" in tokens[at:] else at + 1
        word = "".join(tokens[at + 2 : end]) if end > at + 1 else "".join(tokens[at + 1 : at + 2])
        plain = name in ("mathrm", "text", "operatorname") and "\\" not in word
        if plain:
            return f'<mi mathvariant="normal">{escape(word)}</mi>', end + 1
        inner, after = _one(tokens, at + 1)
        return (f'<mi mathvariant="normal">{_styled(word, name)}</mi>' if word.isascii() and word.isalpha() else inner), after
    return f'<mi mathvariant="normal">{escape(name)}</mi>', at + 1


def _styled(word: str, style: str) -> str:
    """Latin letters in another alphabet of Unicode, which needs no font feature; in their own where there is none."""
    alphabet = {"mathcal": "SCRIPT", "mathbb": "DOUBLE-STRUCK", "mathfrak": "FRAKTUR", "mathbf": "BOLD"}.get(style, "")
    out = ""
    for letter in word:
        name = f"{alphabet} {'CAPITAL' if letter.isupper() else 'SMALL'} {letter.upper()}"
        for full in (f"MATHEMATICAL {name}", name):
            try:
                out += unicodedata.lookup(full)
                break
            except KeyError:
                continue
        else:
            out += letter
    return out
