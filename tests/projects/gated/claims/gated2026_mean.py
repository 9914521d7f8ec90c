"""The error of a mean."""

from sympy import sqrt

from theorylab import Claim, Control, Source, fixed, grows, in_expectation, letters, measured

paper = Source("Nobody", "On means", year=2026, venue="own")
error, n, sigma = letters("error n sigma")

constant = Claim(
    "The mean error is at most sigma over root n.",
    source=paper.at("Theorem 1", basis="own"),
    statement=error <= sigma / sqrt(n),
    where={n: grows("draws", 10, 1000), sigma: fixed("standard deviation", 2.0), error: measured("distance from the mean")},
    holds=in_expectation,
    simulation="gated:mean",
    controls=(
        Control("half of the constant", statement=error <= sigma / (2 * sqrt(n))),
        Control("correlated draws", simulation="gated:correlated"),
    ),
)
