"""Accelerating Nash learning from human feedback via mirror prox.

D. Tiapkin, D. Calandriello, D. Belomestny, E. Moulines, A. Naumov, K. Rasul, M. Valko and P. Menard.  arXiv:2505.19731v1
A symmetric preference game, regularised by beta KL to a reference policy, is solved by Nash-MP: two best answers a step, N = 2 k
preference queries in k steps, with the step size 2 that gives the base 1 + 2 beta of the abstract.

Only version 1 makes these claims: version 2 (COLT 2026) is a paper on another method under another title. The theorems' text was not
at hand; the abstract of version 1 states the rates, and the constants were derived (three-point identity of both steps, Pinsker).

The two claims on geometric rates leave out families that were tried and came out CURVED on some instances, which decides nothing about
them: planted games and tournaments (decays of several modes). The bounds with constants are tested on all five families.
"""

from sympy import exp, log

from theorylab import (
    Claim,
    Control,
    Source,
    along,
    fixed,
    letters,
    measured,
    previous,
    shrinks,
    sized,
    unknown,
    varies,
)

paper = Source(
    "Tiapkin, Calandriello, Belomestny, Moulines, Naumov, Rasul, Valko & Menard",
    "Accelerating Nash Learning from Human Feedback via Mirror Prox",
    year=2025,
    arxiv="2505.19731v1",
)
KL, KL_0, gap, span, iterations = letters("KL KL_0 gap span iterations")
k, epsilon, beta, gamma, limit, Y, C, c = letters("k epsilon beta gamma limit Y C c")

where = {
    k: along("steps, of two preference queries each", 1, 4096),
    beta: varies("regularisation", 0.001, 1.0, symbol=r"\beta"),
    gamma: fixed("step size", 2.0, symbol=r"\gamma"),
    KL: measured("KL divergence from the equilibrium to the k-th policy", symbol=r"\mathrm{KL}_k"),
    KL_0: measured("KL divergence from the equilibrium to the reference", symbol=r"\mathrm{KL}_0"),
    gap: measured("exploitability in the regularised game, by exact best answer", symbol=r"\mathrm{Gap}_k"),
    span: measured("span of log policy minus log equilibrium", symbol=r"\mathrm{span}_k"),
    C: unknown,
    c: unknown("a constant of the exponent"),
}
games = ("games:two_action", "games:cyclic", "games:random_skew", "games:tournament", "games:planted")
weak = {beta: varies("regularisation, weak", 0.01, 0.1, symbol=r"\beta")}
single_step = Control("mirror descent, one query a step", simulation="nash:mirror_descent", problems=("games:cyclic",), where=weak)
long_step = Control("step 8 instead of 2", problems=("games:cyclic",), where=weak | {gamma: fixed("step size", 8.0)})

last_iterate = Claim(
    "The divergence of the last policy falls by 1 + 2 beta in every two queries, from the start on.",
    source=paper.at("abstract", basis="derived", note="the rate is the abstract's; constant 1 and step size 2 are derived"),
    statement=KL <= (1 + 2 * beta) ** (-k) * KL_0,
    where=where,
    simulation="nash:mirror_prox",
    problems=games,
    controls=(
        Control("the exponent doubled, as if one query were a step", statement=KL <= (1 + 2 * beta) ** (-2 * k) * KL_0),
        single_step,
        long_step,
    ),
)

each_step = Claim(
    "Every single step contracts the divergence by 1 + 2 beta.",
    source=paper.at("abstract", basis="derived", note="the abstract's rate, step by step"),
    statement=KL <= previous(KL) / (1 + 2 * beta),
    where=where,
    simulation="nash:mirror_prox",
    problems=games,
    controls=(Control("contraction by 1 + 3 beta", statement=KL <= previous(KL) / (1 + 3 * beta)), single_step, long_step),
)

steps_to_accuracy = Claim(
    "The number of steps to a given accuracy grows like one over beta, with this constant.",
    source=paper.at("abstract", basis="derived", note="the abstract's rate, solved for the number of steps"),
    statement=iterations <= 1 + log(1 / epsilon) / log(1 + 2 * beta),
    where=where
    | {
        epsilon: along("accuracy, relative to the first divergence", 0.1, 1e-6, symbol=r"\varepsilon"),
        iterations: measured("steps until KL is epsilon times its first value", up_to=limit, symbol=r"K_\varepsilon"),
        limit: fixed("steps after which a run gives up", 40_000),
    },
    simulation="nash:mirror_prox_iterations",
    problems=("games:two_action", "games:cyclic"),
    controls=(
        Control("half as many steps", statement=iterations <= 1 + log(1 / epsilon) / (2 * log(1 + 2 * beta))),
        Control("mirror descent with its own safe step 4 beta", simulation="nash:safe_descent_iterations", problems=("games:two_action",)),
        Control("mirror descent with the same step", simulation="nash:mirror_descent_iterations", problems=("games:cyclic",), where=weak),
    ),
)

two_decades = {
    k: along("steps, of two preference queries each", 1, 2048),
    beta: shrinks("regularisation", 0.01, 1.0, symbol=r"\beta"),
}

gap_rate = Claim(
    "The exploitability gap falls geometrically, at a rate of the order of log(1 + 2 beta).",
    source=paper.at("abstract", basis="derived", note="linear convergence is the abstract's; the rate's form in beta is derived"),
    statement=gap <= C * (1 + 2 * beta) ** (-c * k),
    where=where | two_decades,
    simulation="nash:mirror_prox",
    problems=games[:3],
    instances=32,
    controls=(Control("a rate free of beta", statement=gap <= C * exp(-c * k)), single_step, long_step),
)

span_rate = Claim(
    "The log-probabilities converge uniformly, geometrically, at a rate of the order of log(1 + 2 beta).",
    source=paper.at(
        "abstract", basis="derived", note="linear convergence of the span is the abstract's; the rate's form in beta is derived"
    ),
    statement=span <= C * (1 + 2 * beta) ** (-c * k),
    where=where | two_decades,
    simulation="nash:mirror_prox",
    problems=games[:3],
    instances=32,
    controls=(Control("a rate free of beta", statement=span <= C * exp(-c * k)), single_step, long_step),
)

action_count = Claim(
    "The rate does not depend on the number of actions.",
    source=paper.at(
        "abstract", basis="abstract", note="tested on clones of the actions of one cyclic game, with the reference split unevenly"
    ),
    statement=KL <= C * (1 + 2 * beta) ** (-c * k),
    where=where
    | {
        k: along("steps, of two preference queries each", 1, 256),
        beta: fixed("regularisation", 0.05, symbol=r"\beta"),
        Y: sized("actions", among=(3, 6, 12, 24, 48, 96, 192, 300)),
    },
    simulation="nash:mirror_prox",
    problems=("games:cloned_cyclic",),
    instances=8,
    controls=(
        Control("a rate that grows like log Y", statement=KL <= C * (1 + 2 * beta) ** (-c * k * log(Y))),
        Control(
            "the step 2 / log Y, as an analysis in another norm would take",
            simulation="nash:dimension_scaled",
            where={Y: sized("actions", among=(3, 24, 192))},
        ),
    ),
)

proximal_point = Claim(
    "The exact proximal point method contracts by 1 + gamma beta in every step, whatever its step size.",
    source=paper.at("derived companion of the abstract", basis="derived", note="monotonicity alone; no bound on the step"),
    statement=KL <= previous(KL) / (1 + gamma * beta),
    where=where
    | {
        k: along("steps", 1, 64),
        gamma: varies("step size", 0.5, 32.0, symbol=r"\gamma"),
    },
    simulation="nash:proximal_point",
    problems=("games:two_action", "games:cyclic", "games:random_skew"),
    instances=48,
    controls=(
        Control("contraction by (1 + gamma beta) squared", statement=KL <= previous(KL) / (1 + gamma * beta) ** 2),
        Control("mirror prox with the same long steps", simulation="nash:mirror_prox", problems=("games:cyclic",)),
    ),
)
