"""Statements with an equals sign: estimators without bias, and formulas that agree to the last digits."""

from sympy import Eq, Rational

from theorylab import (
    Claim,
    Control,
    Source,
    fixed,
    in_expectation,
    inconclusive,
    letters,
    measured,
    on_average,
    refuted,
    shrinks,
    signed,
    varies,
)

paper = Source("Nobody", "On differences along random directions", year=2026, venue="own")
mu, x, d, n, shift = letters("mu x d n shift")
slope, gradient, derivative, shifted, direct, short, long = signed("slope gradient derivative shifted direct short long")

vectors = {
    mu: fixed("half of the distance between the two points", 0.3),
    d: fixed("dimension", 20),
    slope: measured("difference quotient times its direction", dims=("entry",)),
    gradient: measured("gradient of the quadratic", dims=("entry",)),
}
cubic = {
    mu: shrinks("half of the distance between the two points", among=(0.3, 0.6, 1.2)),
    x: varies("point", 0.1, 0.3),
    slope: measured("difference quotient times its direction"),
    derivative: measured("derivative of the cubic"),
}
scores = {
    n: fixed("scores", 12),
    shifted: measured("logarithm of the sum of exponentials, taken after the largest score is taken out"),
    direct: measured("the same, term by term"),
}
spread = {
    n: fixed("numbers", 12),
    shift: fixed("mean of the numbers", 1e4),
    short: measured("variance by the mean of squares less the square of the mean"),
    long: measured("variance by the squares of what is centred"),
}

quadratic = Claim(
    "Two points estimate the gradient of a quadratic without bias, however far they are apart.",
    source=paper.at("Proposition 1", basis="own"),
    statement=Eq(slope, gradient),
    where=vectors,
    holds=in_expectation,
    simulation="smoothing:two_points",
    problems="polynomials:quadratics",
    controls=(
        Control("a tenth too much", statement=Eq(slope, Rational(11, 10) * gradient)),
        Control("directions of length one", simulation="smoothing:on_the_sphere"),
        Control("one entry of the direction forgotten", simulation="smoothing:without_the_first"),
    ),
)

average = Claim(
    "The same on average over quadratics.",
    source=paper.at("Proposition 1", basis="own"),
    statement=Eq(slope, gradient),
    where=vectors,
    holds=on_average,
    simulation="smoothing:two_points",
    problems="polynomials:quadratics",
    controls=Control("directions of length one", simulation="smoothing:on_the_sphere"),
)

with_bias = Claim(
    "On a cubic, two points estimate the derivative with a bias of three mu squared.",
    source=paper.at("Proposition 2", basis="own"),
    statement=Eq(slope, derivative + 3 * mu**2),
    where=cubic,
    holds=in_expectation,
    simulation="smoothing:two_points_of_a_cubic",
    controls=(
        Control("no bias", statement=Eq(slope, derivative)),
        Control("twice the distance", simulation="smoothing:far_points_of_a_cubic"),
    ),
)

without_bias = Claim(
    "On a cubic, two points estimate the derivative without bias.",
    source=paper.at("Proposition 2, false", basis="own"),
    statement=Eq(slope, derivative),
    where=cubic,
    holds=in_expectation,
    simulation="smoothing:two_points_of_a_cubic",
    controls=Control("twice the distance", simulation="smoothing:far_points_of_a_cubic"),
    expect=refuted("the third derivative leaves 3 mu^2"),
)

log_sum_exp = Claim(
    "The largest score may be taken out of a sum of exponentials.",
    source=paper.at("Lemma 3", basis="own"),
    statement=Eq(shifted, direct),
    where=scores,
    simulation="sums:log_sum_exp",
    problems="polynomials:scores",
    controls=(
        Control("the largest score left out of the sum", simulation="sums:without_the_largest"),
        Control("wrong by five in a billion", simulation="sums:slightly_wrong"),
        Control("a tenth too much", statement=Eq(shifted, Rational(11, 10) * direct)),
    ),
)

variance = Claim(
    "A variance is the mean of squares less the square of the mean.",
    source=paper.at("Lemma 4", basis="own"),
    statement=Eq(short, long),
    where=spread,
    simulation="sums:variance",
    problems="polynomials:scores",
    controls=Control("the mean itself instead of its square", simulation="sums:wrong_variance"),
    expect=inconclusive("ROUNDING", "squares of numbers near 1e4 leave eight digits of a variance near 1"),
)
