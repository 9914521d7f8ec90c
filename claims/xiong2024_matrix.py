"""How over-parameterization slows down gradient descent in matrix sensing: the curses of symmetry and initialization.

N. Xiong, L. Ding and S. S. Du, ICLR 2024.  arXiv:2310.01769
"""

from sympy import Eq, Rational, exp, log

from theorylab import Claim, Control, Source, along, fixed, letters, measured, shrinks, sized, unknown

paper = Source(
    "Xiong, Ding & Du",
    "How Over-Parameterization Slows Down Gradient Descent in Matrix Sensing: The Curses of Symmetry and Initialization",
    year=2024,
    arxiv="2310.01769v2",
    venue="ICLR",
)
error, error_squared, s_0 = letters("error error_squared s_0")
t, alpha, beta, eta, kappa, n, k, r, T_0, T_1, C, c = letters("t alpha beta eta kappa n k r T_0 T_1 C c")

where = {
    eta: fixed("step size", 0.25, symbol=r"\eta"),
    kappa: fixed("condition number", 1.5, symbol=r"\kappa"),
    n: fixed("side of the matrix", 50),
    r: fixed("rank of the matrix", 2),
    error: measured("distance of the product from the matrix, Frobenius norm", symbol=r"\|X_t X_t^\top - M\|"),
    error_squared: measured("squared distance of the product from the matrix, Frobenius norm", symbol=r"\|X_t X_t^\top - M\|^2"),
    C: unknown,
    c: unknown("a constant of the exponent"),
}
later = where | {
    t: along("steps", 200, 20_000),
    alpha: fixed("scale of the start", 0.5, symbol=r"\alpha"),
    k: fixed("columns of the factor", 3),
}
early = along("steps, until rounding stops the decay", 10, 200)
two_factors = Control("two factors, started at different scales", simulation="sensing:asymmetric", where={t: early})

symmetric_slow = Claim(
    "With a column too many and one symmetric factor, the squared error falls no faster than one over t squared.",
    source=paper.at("abstract", basis="abstract"),
    statement=error_squared >= C / t**2,
    where=later,
    simulation="sensing:symmetric",
    problems=("sensing:population",),
    instances=16,
    controls=(
        Control("one over t", statement=error_squared >= C / t),
        Control("as many columns as the rank", where={k: fixed("columns of the factor", 2), t: early}),
        two_factors,
    ),
)

symmetric_law = Claim(
    "The squared error settles to one over (eta t) squared, times the number of columns too many.",
    source=paper.at("abstract", basis="derived"),
    statement=Eq(error_squared, C * (k - r) / (eta * t) ** 2),
    where=later | {k: sized("columns of the factor", among=(3, 4, 6, 8))},
    simulation="sensing:symmetric",
    problems=("sensing:population",),
    instances=8,
    controls=(
        Control("one over t", statement=Eq(error_squared, C * (k - r) / (eta * t))),
        Control("times all columns", statement=Eq(error_squared, C * k / (eta * t) ** 2)),
        Control(two_factors.title, simulation="sensing:asymmetric", where={t: early, k: later[k]}),
    ),
)

u = eta * s_0**2
floor = 1 / (1 / s_0**2 + eta * (t - T_0) * (2 - u) / (1 - u) ** 2) ** 2
symmetric_constant = Claim(
    "Once the signal has settled, the error is at least what the columns too many keep, each at its slowest.",
    source=paper.at("abstract", basis="derived"),
    statement=error_squared >= (k - r) * floor,
    where=later
    | {
        t: along("steps", 400, 4000),
        T_0: fixed("steps until the signal has settled", 300),
        s_0: measured("least singular value of the factor after T_0 steps", by="sensing:settled"),
    },
    simulation="sensing:symmetric",
    problems=("sensing:population",),
    instances=32,
    controls=(
        Control("a third instead of a quarter", statement=error_squared >= Rational(4, 3) * (k - r) * floor),
        Control("all columns keep as much", statement=error_squared >= k * floor),
        Control("two factors, started at different scales", simulation="sensing:asymmetric"),
    ),
)

short = where | {
    t: along("steps", 1, 600),
    alpha: shrinks("scale of the start", 0.001, 0.5, symbol=r"\alpha"),
    k: fixed("columns of each factor", 2),
}
column_too_many = Control("a column too many", where={k: fixed("columns of each factor", 3)})
growing = Control("a rate that grows as the start shrinks", statement=error <= C * exp(-c * t * log(2 / alpha)))

symmetric_exact = Claim(
    "With as many columns as the rank, one symmetric factor converges geometrically, at a rate free of its start.",
    source=paper.at("abstract", basis="abstract"),
    statement=error <= C * exp(-c * t),
    where=short,
    simulation="sensing:symmetric",
    problems=("sensing:population",),
    instances=8,
    controls=(growing, column_too_many),
)

asymmetric_exact = Claim(
    "With as many columns as the rank, two factors converge geometrically from a random start, at a rate free of its scale.",
    source=paper.at("abstract", basis="abstract"),
    statement=error <= C * exp(-c * t),
    where=short,
    simulation="sensing:asymmetric",
    problems=("sensing:population",),
    instances=8,
    controls=(growing, column_too_many),
)

wide = where | {
    t: along("steps", 1, 40_000),
    alpha: shrinks("scale of the start", among=(0.02, 0.028, 0.039, 0.054, 0.075, 0.1, 0.14, 0.2), symbol=r"\alpha"),
    k: fixed("columns of each factor", 3),
    T_0: fixed("steps until the signal has settled", 200),
}
balanced = Control("both factors equal at the start", problems=("sensing:balanced",))

asymmetric_wide = Claim(
    "With a column too many, two factors converge geometrically, at a rate like the square of the scale of their start.",
    source=paper.at("abstract", basis="abstract"),
    statement=error <= C * exp(-c * alpha**2 * t),
    where=wide,
    assuming=(t >= T_0,),
    simulation="sensing:asymmetric",
    problems=("sensing:population",),
    instances=16,
    controls=(
        Control("a rate free of the scale of the start", statement=error <= C * exp(-c * t)),
        balanced,
        Control("one symmetric factor", simulation="sensing:symmetric"),
    ),
)

asymmetric_wide_slow = Claim(
    "With a column too many, two factors converge no faster than that.",
    source=paper.at("abstract", basis="abstract"),
    statement=error >= C * exp(-c * alpha**2 * t),
    where=wide,
    assuming=(t >= T_0,),
    simulation="sensing:asymmetric",
    problems=("sensing:population",),
    instances=16,
    controls=(
        Control("a rate like the cube of the scale", statement=error >= C * exp(-c * alpha**3 * t)),
        Control("as many columns as the rank", where={k: fixed("columns of each factor", 2)}),
    ),
)

rescaled = Claim(
    "One modified step makes the rate independent of the start: it is like the square of the singular values that it gives to a factor.",
    source=paper.at("abstract; Section 5", basis="restated"),
    statement=error <= C * exp(-c * beta**2 * t),
    where=where
    | {
        t: along("steps after the modified one", 1, 8000),
        eta: fixed("step size", 0.02, symbol=r"\eta"),
        alpha: shrinks("scale of the start", among=(0.02, 0.04, 0.1, 0.2), symbol=r"\alpha"),
        beta: shrinks("singular values of the left factor after the modified step", among=(0.15, 0.25, 0.4, 0.7), symbol=r"\beta"),
        k: fixed("columns of each factor", 3),
        T_1: fixed("steps before the modified one", 3000),
    },
    simulation="sensing:rescaled",
    problems=("sensing:population",),
    instances=8,
    controls=(
        Control("a rate free of the singular values", statement=error <= C * exp(-c * t)),
        Control("without the modified step", simulation="sensing:unscaled"),
    ),
)
