"""One small plot as an inline SVG that takes its colours and its font from the page, so that it reads in light, in dark and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

# Colours that no plot uses otherwise, each standing for a style of the page.
ROLES = {
    "ink": "#000001",
    "muted": "#000002",
    "measured": "#000003",
    "bound": "#000004",
    "bad": "#000005",
    "control": "#000006",
}
STYLES = {"ink": "currentColor", **{name: f"var(--{name})" for name in ROLES if name != "ink"}}
WIDTH, HEIGHT, FONT = 4.4, 2.75, 9.0
EDGE = 3.0
LARGEST = 1e200
POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Plot:
    """Axes to draw on, then `svg()` once. matplotlib is loaded by the first plot, not by the import of a report."""

    def __init__(self, name: str, *, xlog: bool = False, ylog: bool = False, height: float = HEIGHT, left: float = 0.62) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.name, self.logs = name, (xlog, ylog)
        self.figure = Figure(figsize=(WIDTH, height))
        FigureCanvasSVG(self.figure)
        bottom = 0.45 / height
        self.axes = self.figure.add_axes((left / WIDTH, bottom, 1 - (left + 0.2) / WIDTH, 1 - bottom - 0.1 / height))
        self.axes.set_facecolor("none")
        for side in ("top", "right"):
            self.axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            self.axes.spines[side].set_color(ROLES["muted"])
        self.axes.tick_params(which="both", color=ROLES["muted"], labelcolor=ROLES["ink"], labelsize=FONT)

    def dots(self, x: np.ndarray, y: np.ndarray, role: str, label: str) -> None:
        """Points that no line joins."""
        shown = self._visible(y)
        if shown.any():
            self.axes.plot(x[shown], y[shown], color=ROLES[role], label=label, marker="o", markersize=2.4, linestyle="")

    def line(self, x: np.ndarray, y: np.ndarray, role: str, label: str, *, dashed: bool = False, dots: bool = False) -> None:
        """A curve, broken where a value is missing or has no logarithm."""
        shown = self._visible(y)
        if shown.any():
            style: dict[str, Any] = {
                "linestyle": (0, (5, 2.5)) if dashed else "-",
                "linewidth": 1.4 if dots or dashed else 1.0,
            }
            self.axes.plot(
                x,
                np.where(shown, y, np.nan),
                color=ROLES[role],
                label=label,
                marker="o" if dots else "",
                markersize=2.6,
                **style,
            )

    def band(self, x: np.ndarray, curves: np.ndarray, role: str) -> None:
        """From the least to the largest of curves (n, J) at each value of x (J,), which may repeat."""
        places = np.unique(x)
        usable = np.where(self._visible(curves), curves, np.nan)
        columns = [usable[:, x == place] for place in places]
        full = [n for n, column in enumerate(columns) if np.isfinite(column).sum() > 1]
        if len(full) < 2:
            return
        low, high = ([float(f(columns[n])) for n in full] for f in (np.nanmin, np.nanmax))
        self.axes.fill_between(places[full], low, high, color=ROLES[role], alpha=0.16, linewidth=0, label="all runs")

    def level(self, y: float, role: str, label: str) -> None:
        """A horizontal line across the whole plot."""
        self.axes.axhline(y, color=ROLES[role], linewidth=1.2, linestyle="-" if label else ":", label=label or None)

    def forest(
        self,
        rows: Sequence[tuple[str, str, float, float, float]],
        threshold: float,
        edges: tuple[float, float],
        *,
        log: bool,
        xlabel: str,
    ) -> None:
        """Rows (name, role, value, low, high) beside each other, with a vertical line at the threshold; what lies outside is an arrow."""
        self.logs = (log, False)
        values = [v for _, _, *three in rows for v in three if np.isfinite(v) and (v > 0 or not log)]
        low = max(min([*values, threshold / 2 if log else 0.0]) * (0.8 if log else 1.1), edges[0])
        high = min(max([*values, threshold]) * (1.6 if log else 1.15), edges[1])
        for n, (_, role, value, start, end) in enumerate(rows):
            beyond = not np.isfinite(value) or value > high or value < low
            marker = (">" if not value < low else "<") if beyond else ("D" if role == "control" else "o")
            at = float(np.clip(np.nan_to_num(value, nan=high, posinf=high), low, high))
            if np.isfinite([start, end]).all() and end > start:
                self.axes.plot(np.clip([start, end], low, high), [-n, -n], color=ROLES[role], linewidth=1.6)
            self.axes.plot([at], [-n], marker=marker, markersize=5.0, color=ROLES[role], linestyle="", clip_on=False)
        self.axes.axvline(threshold, color=ROLES["bad"], linewidth=1.2)
        if log:
            self.axes.set_xscale("log")
        self.axes.set_xlim(low, high)
        self.axes.set_ylim(-len(rows) + 0.4, 0.6)
        self.axes.set_yticks([-n for n in range(len(rows))], [_short(row[0]) for row in rows])
        self.axes.tick_params(axis="y", length=0)
        self.axes.spines["left"].set_visible(False)
        self.axes.set_xlabel(xlabel, fontsize=FONT, color=ROLES["ink"])
        self._ticks("x", log)

    def labels(self, x: str, y: str) -> None:
        """Scales, ticks, the letters at the axes, and a legend inside where there is room."""
        self.axes.set_xlabel(x, fontsize=FONT, color=ROLES["ink"])
        self.axes.set_ylabel(y, fontsize=FONT, color=ROLES["ink"])
        for which, log in zip("xy", self.logs, strict=True):
            if log:
                getattr(self.axes, f"set_{which}scale")("log")
            self._ticks(which, log)
        if self.axes.get_legend_handles_labels()[0]:
            self.axes.legend(fontsize=FONT - 1, frameon=False, labelcolor=ROLES["ink"], handlelength=1.6, borderpad=0.1)

    def svg(self, description: str) -> str:
        """The plot, with a description in words. The same data give the same bytes."""
        import matplotlib as mpl

        self._fit()
        out = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": self.name}):
            self.figure.savefig(
                out,
                format="svg",
                transparent=True,
                metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
            )
        return _inline(out.getvalue(), description)

    def _fit(self) -> None:
        """Move the left edge of the axes in by what tick labels and the label beside them lack of room."""
        place, box = self.axes.get_position(), self.axes.get_tightbbox()
        lacking = 0.0 if box is None else (EDGE - box.x0) / self.figure.bbox.width
        if lacking > 0:
            self.axes.set_position((place.x0 + lacking, place.y0, place.width - lacking, place.height))

    def _visible(self, y: np.ndarray) -> np.ndarray:
        """Values that a plot can hold: matplotlib's transforms overflow near the ends of float64."""
        with np.errstate(invalid="ignore"):
            return (np.abs(y) < LARGEST) & ((y > 1 / LARGEST) | (not self.logs[1]))

    def _ticks(self, which: str, log: bool) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

        axis = getattr(self.axes, f"{which}axis")
        low, high = getattr(self.axes, f"get_{which}lim")()
        if log and low > 0 and high / low >= 300:
            axis.set_major_locator(LogLocator(numticks=7))
            axis.set_major_formatter(FuncFormatter(_power))
            axis.set_minor_locator(NullLocator())
        elif log:
            wide = low > 0 and high / low >= 3
            axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20) if wide else MaxNLocator(4, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
            axis.set_minor_formatter(NullFormatter())
            axis.set_minor_locator(NullLocator())
        elif (which == "y" and not axis.get_ticklabels()[0].get_text()) or which == "x":
            axis.set_major_locator(MaxNLocator(5))
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}".replace("-", "−")))


def _power(value: float, _: Any = None) -> str:
    """10⁻³; small powers as numbers."""
    power = round(np.log10(value))
    return f"{value:g}" if -2 <= power <= 3 else f"10{str(power).translate(POWERS)}"


def _short(name: str, length: int = 22) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _inline(svg: str, description: str) -> str:
    """The svg element alone: no prolog, no ids but those that it refers to itself, the page's colours and font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg).replace("xlink:href", "href")
    svg = re.sub(r"font-family: [^;\"]*;? ?|font: (\d)", lambda m: f"font: {m[1]}" if m[1] else "", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    for name, colour in ROLES.items():
        svg = svg.replace(colour, STYLES[name])
    box = re.search(r'viewBox="([^"]*)"', svg)
    head = f'<svg class="plot" role="img" aria-label="{escape(description)}" viewBox="{box[1] if box else "0 0 317 198"}">'
    body = re.sub(r"(?<=[\d.]) *\n(?=[LMCQz])", " ", svg[svg.index(">") + 1 :])
    return re.sub(r"\s*\n\s*", "\n", head + body).strip()
