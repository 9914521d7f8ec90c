"""Global convergence of sub-gradient method for robust matrix recovery.

J. Ma and S. Fattahi, JMLR 24(96), 2023.  arXiv:2202.08788
A d x d matrix X* >= 0 of rank r is recovered from m linear measurements, of which some are outliers or all are noisy.  Subgradient
steps on the mean absolute mismatch of U U' move a factor U with r' >= r columns, from a start of the small scale alpha, by lengths that
shrink geometrically: exp(-q) each, where q is eta_0 times the growth of the weakest direction of the signal over theta log(1/alpha).

The theorems' text was not at hand: the abstract and the beginning of the introduction were read.  The steps and the definition of
Sign-RIP are recalled; so is a spectral start, for which a Gaussian one of the same scale stands here, which with no column too many fails
about once in sixty: two columns that begin nearly parallel find one direction in time, and the steps are over before the other, as a
search found.  So `agnostic` begins with one column too many.  Every constant was derived for Gaussian measurements; the abstract's
"converges to the true solution" is tested as a final error of at most alpha, where the exponent 2 less something in proportion to the
deviation of the signs is recalled.  The theorems hold with high probability over the measurements; so a draw of them is an instance here,
and the statement has to hold on each that is drawn, where the deviation of the signs that is measured on it is at most one half.  That is
the largest at some low-rank matrices, hence only a lower bound on the constant that the theorems ask for.

Outliers, up to a share of 0.2 in the quick tier and 0.5 in the full one, lie on one side, up to a million times the matrix, or are
multiples of a Cauchy variable.  X* is diagonal, since Gaussian measurements cannot tell.  The floor's exponent in alpha grows with the
number of measurements, and depends on the decay of the steps; a quick trial had found it between 0.36 and 1.61.  `noise_law`
draws only the measurements that count, 64 to 1024 of them.

A start of the scale 1 with all d columns is no worse at first: signs also shrink what is too many by a constant share in each step, unlike
the squared loss; it is stopped at a floor that does not depend on alpha.  A lower bound on the number of samples was not in the abstract.
"""

from sympy import Eq, Rational, exp, pi, sqrt

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
    on_average,
    shrinks,
    signed,
    sized,
    unknown,
    varies,
)

paper = Source(
    "Ma & Fattahi",
    "Global Convergence of Sub-gradient Method for Robust Matrix Recovery: Small Initialization, Noisy Measurements, "
    "and Over-parameterization",
    year=2023,
    arxiv="2202.08788v1",
    venue="JMLR",
)
error, error_squared, loss_truth, loss_large, q, delta, across = letters("error error_squared loss_truth loss_large q delta across")
t, T, alpha, eta, theta, kappa, d, m, rows, side, factor, r, columns, p, S, nu, x, rounds, C = letters(
    "t T alpha eta theta kappa d m rows side factor r columns p S nu x rounds C"
)
D, direction = signed("D direction")

guess = {
    d: fixed("side of the matrix", 4),
    r: fixed("rank of the factors of X", 1),
    m: grows("measurements", among=(64, 128)),
    x: varies("length of the error X", 0.1, 10.0),
    p: varies("share of outliers", 0.1, 0.9, symbol="p"),
    S: varies("size of the outliers", 0.1, 1000.0),
    nu: varies("standard deviation of the noise", 0.01, 10.0, symbol=r"\nu"),
    D: measured("mean of the measurement matrices times the signs of what is missed", dims=("entry",)),
    direction: measured("X over its length", dims=("entry",), symbol=r"X / \|X\|"),
    across: measured("squared length of what D has across X"),
}
size = sqrt(nu**2 + x**2)
phi = sqrt(2 / pi) * x / size * (1 - p + p * exp(-(S**2) / (2 * size**2)))
missed = Control("what is missed itself instead of its sign", simulation="signs:least_squares")

expected_sign = Claim(
    "Under outliers and Gaussian noise the mean of the signed measurement matrices points along the error, with this length.",
    source=paper.at("abstract, Sign-RIP", basis="derived", note="the length was derived; recalled is that there is one"),
    statement=Eq(D, phi * direction),
    where=guess,
    holds=in_expectation,
    simulation="signs:signs",
    problems=("corrupted:mistaken",),
    instances=2,
    controls=(
        Control("without the share of good measurements", statement=Eq(D, sqrt(2 / pi) * x / size * direction)),
        Control("without the noise", statement=Eq(D, phi * size / x * direction)),
        missed,
    ),
)

spread = Claim(
    "Across the error, it has a squared length of the matrices' dimension less one over m, whatever is wrong with the measurements.",
    source=paper.at("abstract, Sign-RIP", basis="derived", note="at one error X; Sign-RIP asks for all of low rank at once"),
    statement=Eq(across, (d * (d + 1) / 2 - 1) / m),
    where=guess,
    holds=in_expectation,
    simulation="signs:signs",
    problems=("corrupted:mistaken",),
    instances=2,
    controls=(
        Control("all d^2 entries", statement=Eq(across, (d**2 - 1) / m)),
        Control("whatever the number of measurements", statement=Eq(across, (d * (d + 1) / 2 - 1) / 64)),
        missed,
    ),
)

sign_rip = Claim(
    "Sign-RIP: over low-rank errors together, its relative deviation falls like the root of the measurements, however large the outliers.",
    source=paper.at("abstract, Sign-RIP", basis="derived", note="the abstract names it; of the supremum, the largest that a search finds"),
    statement=delta <= C / ((1 - p) * sqrt(m)),
    where=guess
    | {
        d: fixed("side of the matrix", 6),
        m: grows("measurements", among=tuple(64 * 2**j for j in range(8))),
        p: fixed("share of outliers", 0.3, symbol="p"),
        S: grows("size of the outliers", among=(1.0, 10.0, 100.0, 1000.0)),
        x: fixed("length of the error X", 1.0),
        nu: fixed("standard deviation of the noise", 0.1, symbol=r"\nu"),
        rounds: fixed("rounds of the search", 4),
        delta: measured("largest deviation found, relative to the length", symbol=r"\delta"),
        C: unknown,
    },
    holds=in_expectation,
    simulation="signs:worst_direction",
    problems=("corrupted:mistaken",),
    tier="full",
    instances=1,
    controls=(
        Control("one over the measurements", statement=delta <= C / ((1 - p) * m)),
        Control(missed.title, simulation="signs:worst_least_squares"),
    ),
)

outliers = ("corrupted:one_sided", "corrupted:scattered")
where = {
    d: fixed("side of the matrix", 6),
    m: fixed("measurements", 512),
    r: varies("rank of the matrix", among=(1, 2)),
    columns: fixed("columns of the factor, all that there may be", 6, symbol="r'"),
    kappa: varies("condition number", 1.0, 1.5, symbol=r"\kappa"),
    eta: fixed("length of the first step", 0.25, symbol=r"\eta_0"),
    theta: fixed("power of 1 / alpha by which all steps together let the signal grow", 1.5, symbol=r"\theta"),
    alpha: fixed("scale of the start", 1e-6, symbol=r"\alpha"),
    p: varies("share of outliers", 0.01, 0.2, symbol="p"),
    S: varies("size of the outliers", 1.0, 1e6),
    delta: measured("largest deviation of the signs found, relative to their length", symbol=r"\delta"),
    error: measured("distance of U U' from the matrix, Frobenius norm"),
    C: unknown,
}
small_deviation = delta <= Rational(1, 2)

linear_phase = Claim(
    "With outliers and all columns too many, the error is at most two steps as soon as the signal has grown: it falls geometrically.",
    source=paper.at("abstract", basis="derived", note="two steps were derived for rank 1, where the error crosses 0 in every other step"),
    statement=error <= 2 * eta * exp(-q * t),
    where=where | {t: along("steps", 1, 2400), q: measured("by how much the logarithm of the step falls in each")},
    assuming=(small_deviation, q * t >= 2, q * t <= 10),
    simulation="robust:subgradient",
    problems=(*outliers, "corrupted:turned"),
    instances=8,
    controls=(
        Control("half a step", statement=error <= eta * exp(-q * t) / 2),
        Control("twice the rate", statement=error <= 2 * eta * exp(-2 * q * t)),
        Control("the squared loss", simulation="robust:least_squares", problems=outliers[:1]),
        Control("steps in proportion to the root of one over their number", simulation="robust:slow_decay", problems=outliers[:1]),
    ),
)

finished = where | {
    T: fixed("steps", 2400),
    alpha: varies("scale of the start", 1e-4, 1e-2, symbol=r"\alpha"),
}
squared_loss = Control("the squared loss", simulation="robust:recovered_least_squares", problems=outliers[:1])
large_start = Control("a start of the scale 1", simulation="robust:recovered_large_start", problems=outliers[:1])

recovery = Claim(
    "However large the outliers, the method ends within alpha of the matrix, with as many columns as there may be.",
    source=paper.at("abstract", basis="derived", note="the abstract has convergence; alpha is a weaker power than the recalled one"),
    statement=error <= alpha,
    where=finished,
    assuming=(small_deviation,),
    simulation="robust:recovered",
    problems=(*outliers, "corrupted:turned"),
    instances=8,
    controls=(
        Control("within the square of alpha", statement=error <= alpha**2),
        squared_loss,
        large_start,
        Control("steps that shrink three times as fast", where={theta: fixed("power of 1 / alpha", 0.5)}, problems=outliers[:1]),
    ),
)

dense_recovery = Claim(
    "With half of the measurements grossly wrong, the error it ends with falls with the scale of the start, at least in proportion.",
    source=paper.at("abstract", basis="derived", note="recalled is the power 2, less something in proportion to the deviation"),
    statement=error <= C * alpha,
    where=finished
    | {
        m: fixed("measurements", 4096),
        p: fixed("share of outliers", 0.5, symbol="p"),
        r: fixed("rank of the matrix", 1),
        alpha: shrinks("scale of the start", among=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1), symbol=r"\alpha"),
    },
    assuming=(small_deviation,),
    simulation="robust:recovered",
    problems=outliers,
    tier="full",
    instances=8,
    controls=(
        Control("like its square", statement=error <= C * alpha**2),
        squared_loss,
        large_start,
    ),
)

agnostic = Claim(
    "From a small start the error keeps below the same two steps, whatever the number of columns too many.",
    source=paper.at("abstract", basis="derived", note="the abstract says agnostic to over-parameterization; the constant was derived"),
    statement=error <= 2 * eta * exp(-q * t),
    where=linear_phase.where | {columns: varies("columns of the factor", among=(3, 4, 6), symbol="r'")},
    assuming=linear_phase.assuming,
    simulation="robust:subgradient",
    problems=(*outliers[:1], "corrupted:turned"),
    instances=8,
    controls=(
        Control("half a step", statement=error <= eta * exp(-q * t) / 2),
        Control("a start of the scale 1", simulation="robust:large_start"),
    ),
)

law = pi / 2 * nu**2 * (d * r - r * (r - 1) / 2) / m
noisy = finished | {
    d: fixed("side of the matrix", 8),
    columns: fixed("columns of the factor, all that there may be", 8, symbol="r'"),
    rows: fixed("measurements drawn", 256),
    m: varies("measurements", among=(64, 128, 256)),
    r: fixed("rank of the matrix", 1),
    nu: varies("standard deviation of the noise", 0.01, 0.5, symbol=r"\nu"),
    alpha: fixed("scale of the start", 1e-6, symbol=r"\alpha"),
    T: fixed("steps", 1000),
    error_squared: measured("squared distance of U U' from the matrix, Frobenius norm"),
}
noise_large_start = Control("a start of the scale 1", simulation="robust:recovered_large_start")

noise = Claim(
    "Gaussian noise leaves at most twice the squared error of a median regression that knows the rank, with all columns.",
    source=paper.at("abstract", basis="derived", note="pi / 2 nu^2 over m for each of dr - r(r-1)/2 directions is the median regression's"),
    statement=error_squared <= 2 * law,
    where=noisy,
    holds=on_average,
    simulation="robust:recovered",
    problems=("corrupted:noisy",),
    instances=8,
    controls=(
        Control("half of it", statement=error_squared <= law / 2),
        noise_large_start,
    ),
)

noise_law = Claim(
    "The squared error that noise leaves is in proportion to its variance, and to one over the measurements.",
    source=paper.at("abstract", basis="derived", note="the root, nu times the root of dr / m, is recalled"),
    statement=Eq(error_squared, C * nu**2 / m),
    where=noisy
    | {
        m: sized("measurements", among=(64, 128, 256, 512, 1024)),
        nu: shrinks("standard deviation of the noise", among=(0.01, 0.03, 0.1, 0.3), symbol=r"\nu"),
    },
    holds=on_average,
    simulation="robust:recovered",
    problems=("corrupted:noisy_all",),
    tier="full",
    controls=(
        Control("in proportion to the noise", statement=Eq(error_squared, C * nu / m)),
        Control("one over the square of the measurements", statement=Eq(error_squared, C * nu**2 / m**2)),
        Control("steps that shrink three times as fast", where={theta: fixed("power of 1 / alpha", 0.5)}),
    ),
)

not_the_minimum = Claim(
    "It comes within a quarter of the matrix although another factor, reached from a large start, fits the noisy measurements better.",
    source=paper.at("abstract", basis="derived", note="'even if the globally optimal solutions do not correspond to the ground truth'"),
    statement=error <= Rational(1, 4),
    where=noisy
    | {
        m: fixed("measurements", 64),
        rows: fixed("measurements drawn", 64),
        nu: fixed("standard deviation of the noise", 0.2, symbol=r"\nu"),
        loss_truth: measured("mean absolute mismatch of the matrix itself"),
        loss_large: measured("mean absolute mismatch of what a large start ends with", by="robust:recovered_large_start:loss"),
    },
    assuming=(loss_large <= Rational(9, 10) * loss_truth,),
    simulation="robust:recovered",
    problems=("corrupted:noisy", "corrupted:noisy_turned"),
    tier="full",
    instances=8,
    controls=(
        Control("within a hundredth", statement=error <= Rational(1, 100)),
        Control("steps that shrink three times as fast", where={theta: fixed("power of 1 / alpha", 0.5)}),
    ),
)

few = Claim(
    "Ten measurements for each row are enough for a matrix of rank 1, whatever the number of columns of the factor.",
    source=paper.at("abstract", basis="derived", note="the abstract has the independence of r'; ten is ours"),
    statement=error <= Rational(1, 100),
    where=finished
    | {
        side: fixed("largest side", 16),
        rows: fixed("measurements drawn", 160),
        factor: fixed("measurements for each row of the matrix", 10.0),
        d: varies("side of the matrix", among=(4, 8, 12, 16)),
        columns: varies("columns of the factor, as many as there may be at most", among=(1, 2, 4, 8, 16), symbol="r'"),
        r: fixed("rank of the matrix", 1),
        T: fixed("steps", 800),
        alpha: fixed("scale of the start", 1e-6, symbol=r"\alpha"),
    },
    simulation="robust:recovered",
    problems=("corrupted:few", "corrupted:few_turned"),
    instances=8,
    controls=(
        Control("as exactly as a millionth", statement=error <= Rational(1, 10**6)),
        Control("two measurements for each row", where={factor: fixed("measurements for each row of the matrix", 2.0)}),
        Control("the squared loss", simulation="robust:recovered_least_squares"),
    ),
)
