"""Halving the distance to the minimum of a quadratic in every step."""

from sympy import Rational

from theorylab import Claim, Control, Source, along, letters, measured, previous, varies

paper = Source("Author", "Halving", year=2020, venue="Notes")
gap, k, D = letters("gap k D")

where = {
    k: along("steps", 1, 64),
    D: varies("distance from the start to the minimum", 0.1, 10, unit="[x]"),
    gap: measured("distance from the minimum", unit="[x]"),
}

halves = Claim(
    "The distance halves in every step.",
    source=paper.at("Section 1", basis="theorem"),
    statement=gap <= D * Rational(1, 2) ** k,
    where=where,
    simulation="descent:steps",
    problems=("bowls:bowl",),
    controls=(
        Control("a third in every step", statement=gap <= D * Rational(1, 3) ** k),
        Control("a short step", simulation="descent:slow"),
    ),
)

each_step = Claim(
    "Every single step halves the distance.",
    source=paper.at("Section 1", basis="theorem"),
    statement=gap <= previous(gap) / 2,
    where=where,
    simulation="descent:steps",
    problems="bowls:bowl",
    controls=Control("a third in every step", statement=gap <= previous(gap) / 3),
)
