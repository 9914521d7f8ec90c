"""The error of a sample mean; a project of its own, small enough to be checked in seconds."""

from sympy import pi, sqrt

from theorylab import (
    Claim,
    Control,
    Source,
    along,
    fixed,
    grows,
    in_expectation,
    letters,
    measured,
    previous,
    unknown,
)

paper = Source("Nobody", "On means", year=2024, venue="own")
error, n, sigma, C, k, distance = letters("error n sigma C k distance")
sampled = {
    n: grows("draws", 10, 1000),
    sigma: fixed("standard deviation", 2.0, unit="[x]"),
    error: measured("distance of the sample mean from the mean", unit="[x]"),
}
halving = {
    k: along("steps", 1, 200),
    distance: measured("distance from the centre"),
}
slow = Control("correlated draws", simulation="sampling:correlated_mean")

constant = Claim(
    "The mean error is at most sigma over root n.",
    source=paper.at("Theorem 1", basis="own"),
    statement=error <= sigma / sqrt(n),
    where=sampled,
    holds=in_expectation,
    simulation="sampling:sample_mean",
    controls=(Control("half of the constant", statement=error <= sigma / (2 * sqrt(n))), slow),
)

order = Claim(
    "The mean error is of the order sigma over root n.",
    source=paper.at("Theorem 2", basis="own"),
    statement=error <= C * sigma / sqrt(n),
    where=sampled | {C: unknown},
    holds=in_expectation,
    simulation="sampling:sample_mean",
    controls=(Control("order 1/n", statement=error <= C * sigma / n), slow),
)

plain = Claim(
    "The same, with draws made in plain Python.",
    source=paper.at("Theorem 1", basis="own"),
    statement=error <= sigma / sqrt(n),
    where=sampled | {n: grows("draws", 10, 100)},
    holds=in_expectation,
    simulation="sampling:sample_mean_plain",
    controls=(Control("half of the constant", statement=error <= sigma / sqrt(2 * pi * n)), slow),
)

halves = Claim(
    "Every step halves the distance.",
    source=paper.at("Lemma 3", basis="own"),
    statement=distance <= previous(distance) / 2,
    where=halving,
    simulation="sampling:walk",
    problems=("boxes:points",),
    controls=(
        Control("every step divides it by three", statement=distance <= previous(distance) / 3),
        Control("two steps halve it once", simulation="sampling:lazy_walk"),
    ),
)
