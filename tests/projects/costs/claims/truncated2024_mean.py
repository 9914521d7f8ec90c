"""A mean over draws of which each is cut off after some steps: a sum of two terms, each with a constant that nobody knows."""

from sympy import sqrt

from theorylab import Claim, Control, Source, grows, in_expectation, letters, measured, unknown

paper = Source("Nobody", "On truncated means", year=2024, venue="own")
error, k, n, C, C_1, C_2 = letters("error k n C C_1 C_2")
where = {
    k: grows("steps before a draw is cut off", 10.0, 1000.0),
    n: grows("draws", 100.0, 1e6),
    error: measured("distance of the truncated mean from the mean"),
    C: unknown,
    C_1: unknown,
    C_2: unknown,
}

both = Claim(
    "Truncation costs one over k and sampling one over root n.",
    source=paper.at("Theorem 1", basis="own"),
    statement=error <= C_1 / k + C_2 / sqrt(n),
    where=where,
    holds=in_expectation,
    simulation="truncated:mean",
    controls=(
        Control("no truncation", statement=error <= C / sqrt(n)),
        Control("no sampling", statement=error <= C / k),
        Control("truncation at k^(-3/2)", statement=error <= C_1 / (k * sqrt(k)) + C_2 / sqrt(n)),
        Control("draws that depend on each other", simulation="truncated:correlated_mean"),
    ),
)
