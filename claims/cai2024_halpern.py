"""Variance reduced Halpern iteration for finite-sum monotone inclusions.

X. Cai, A. Alacaoglu and J. Diakonikolas, ICLR 2024.  arXiv:2310.02987v2
Two methods for F = (1/n) sum F_i.  Where the F_i are 1/L-cocoercive on average: steps anchored at the start along a recursive (PAGE)
estimate of F.  Where they are monotone and L-Lipschitz on average: the Halpern iteration of the resolvent of eta F, eta = sqrt(n) / L,
which an inner loop (VR-FoRB) finds roughly.  u* is where F vanishes, D its distance from the start, a call one evaluation of one F_i.

The theorems' text was not at hand.  The abstract has the complexity, up to logarithms, in calls to make the norm of F at the last
iterate small; reviews have the structure of both methods, and that inner loops stop by a mean square error.  The authors' published
code (zephyr-cai/Finite-Sum-Halpern-Iteration) has the anchors, the minibatches of sqrt(n), the refresh probability but for a shift by
one iteration, the resolvent after the anchored step, and the inner loop, whose snapshot it leaves where the loop began; it tunes all
step sizes and takes 0.05 n log(k + 2) inner steps. Steps and the constant 16 are recalled. The constant was derived without
constraints and for n >= 4 (a potential of F, the anchor and the estimate's error), that of the inexact iteration for inner loops whose
error is at most (k + 2)^-4 of what they look for: 24 n log(k + 2) steps left less than that in the mean square where it was measured,
on up to 256 components, 8 n log(k + 2) did not, and the rate held with those too.  Under a constraint the recalled constant fails after
the first iteration, as a search found (`first_iteration`), and holds from the second on, as far as it was looked for.

The gain over the classical iteration and the anchored extragradient method is measured against half of their longest steps: with the
longest, which has the better worst case, turns come back to where they began, and they stop early by luck on many of them. Variance
reduction is cheaper than the classical iteration from (48 kappa)^2 components on by the leading terms, kappa = L / L_F (three fifths
of its calls were measured with 16,384 of them, at (96 kappa)^2 or more); in the monotone case, with 8
n log(k + 2) inner steps and an accuracy of a five-hundredth, from between 256 and 1,024 (a quick trial had found 10,000 and 600).

The two claims on the growth of the calls leave out near-singular sums, on which they were tried: there `separation` was open (RANGE,
with a slope of 0.67 in epsilon), and `complexity` supported on a short range, since many of those runs begin accurate.  With one
logarithm instead of its square, the calls over those of the extragradient method grew by about 0.15 in 1 / epsilon in a trial.  Not here:
constraints in the monotone case, and the inner loops' accuracy as a claim (rare runs carry its mean: RARE on 256 replicates).
"""

from sympy import Min, Rational, log, sqrt

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
    refuted,
    supported,
    unknown,
    varies,
)

paper = Source(
    "Cai, Alacaoglu & Diakonikolas",
    "Variance Reduced Halpern Iteration for Finite-Sum Monotone Inclusions",
    year=2024,
    arxiv="2310.02987v2",
    venue="ICLR",
)
residual, calls, calls_exact, limit = letters("residual calls calls_exact limit")
whole, average = letters("whole average")
k, epsilon, n, L, L_F, kappa, D, M, C = letters("k epsilon n L L_F kappa D M C")

where = {
    k: along("iterations", 1, 8192),
    n: grows("component operators", among=(256, 2048, 16384)),
    L: varies("average cocoercivity constant", 0.1, 10.0, unit="[F]/[u]"),
    D: varies("distance from the start to the solution", 0.1, 10.0, unit="[u]"),
    residual: measured("norm of F at the last iterate", unit="[F]", symbol=r"\|F(u_k)\|"),
    calls: measured("components evaluated until then"),
}
sums = ("monotone:rotations", "monotone:near_singular")
skew = ("skew:planes",)

last_iterate = Claim(
    "The residual of the last iterate falls like one over k, with this constant.",
    source=paper.at("cocoercive case", basis="derived", note="constant 16 recalled, and derived for n >= 4 without constraints"),
    statement=residual <= 16 * L * D / (k + 4),
    where=where,
    holds=in_expectation,
    simulation="halpern:variance_reduced",
    problems=sums,
    instances=4,
    controls=(
        Control("the constant 7 instead of 16", statement=residual <= 7 * L * D / (k + 4)),
        Control("one over k squared", statement=residual <= 16 * L * D / (k + 4) ** 2),
        Control("plain minibatches instead of variance reduction", simulation="halpern:minibatch", problems=sums[:1]),
        Control("an estimate that is never refreshed", simulation="halpern:unrefreshed", problems=sums[:1]),
    ),
)

under_constraint = where | {residual: measured("norm of F plus the element of G found", unit="[F]")}

constrained = Claim(
    "Under a constraint too, from the second iteration on, the residual of the last iterate falls like one over k, with this constant.",
    source=paper.at("cocoercive case", basis="recalled", note="constant 16 recalled; the derivation is for sums without constraints"),
    statement=last_iterate.statement,
    where=under_constraint | {k: along("iterations", 2, 2048)},
    holds=in_expectation,
    simulation="constrained_halpern:variance_reduced",
    problems="balls:rotations",
    instances=4,
    controls=(
        *last_iterate.controls[:2],
        Control("plain minibatches instead of variance reduction", simulation="constrained_halpern:minibatch"),
    ),
)

first_iteration = Claim(
    "Under a constraint the same holds from the first iteration on.",
    source=paper.at("cocoercive case", basis="own", note="what the recalled constant would say of the first iteration"),
    statement=last_iterate.statement,
    where=under_constraint | {k: along("iterations", 1, 8)},
    holds=in_expectation,
    simulation="constrained_halpern:variance_reduced",
    problems="balls:rotations",
    instances=4,
    expect=refuted("one projected step, pushed hard against the constraint, leaves more: 1.08 of the bound on the instance that is kept"),
    controls=(
        Control("the constant 7 instead of 16", statement=residual <= 7 * L * D / (k + 4)),
        Control("plain minibatches instead of variance reduction", simulation="constrained_halpern:minibatch"),
        Control("without a constraint", simulation="halpern:variance_reduced", problems=sums[:1], expect=supported),
    ),
)

on_data = Claim(
    "For least squares on the data of 442 patients, the residual of the last iterate falls like one over k, with this constant.",
    source=last_iterate.source,
    statement=last_iterate.statement,
    where=where | {L: measured("average cocoercivity constant, of these data", unit="[F]/[u]")},
    holds=in_expectation,
    simulation="halpern:variance_reduced",
    problems="regression:diabetes",
    tier="full",
    instances=4,
    controls=(
        Control("the constant 4 instead of 16", statement=residual <= 4 * L * D / (k + 4)),
        Control("plain minibatches instead of variance reduction", simulation="halpern:minibatch"),
    ),
)


def expected_calls(K):
    """The calls in K iterations: the first refresh, those while they get rarer, then the rest with the minibatches."""
    return n + 4 * n * log(1 + Min(K, sqrt(n)) / 5) + (6 * sqrt(n) + 2) * K


cost = Claim(
    "An expected residual is paid for by no more calls than this, with these constants.",
    source=paper.at(
        "cocoercive case", basis="derived", note="the abstract's n + sqrt(n) L / epsilon with its logarithm, from the last iterate's bound"
    ),
    statement=calls <= expected_calls(16 * L * D / residual),
    where=where,
    holds=in_expectation,
    simulation="halpern:variance_reduced",
    problems=sums,
    instances=4,
    controls=(
        Control("n + L D / epsilon, without the root of n", statement=calls <= n + 16 * L * D / residual),
        Control("half of them", statement=calls <= expected_calls(16 * L * D / residual) / 2),
        Control("the whole of F in every step", simulation="halpern:full_gradient", problems=sums[:1]),
    ),
)

sweep = {
    epsilon: along("accuracy, relative to L D", 0.1, 0.001, symbol=r"\varepsilon"),
    n: grows("component operators", among=tuple(2**j for j in range(7, 15))),
    calls: measured("components evaluated until the residual is that small"),
    kappa: measured("average constant over that of F itself, L / L_F", symbol=r"\kappa"),
    limit: fixed("iterations after which a run gives up", 40_000),
    C: unknown,
}

complexity = Claim(
    "The number of calls to a given accuracy grows like n log n + sqrt(n) / epsilon.",
    source=paper.at(
        "abstract",
        basis="derived",
        note="the abstract's, with its logarithm; 24 is the ratio of the terms where the anchor's bias rules",
    ),
    statement=calls <= C * (n * log(n) + 24 * sqrt(n) / epsilon),
    where=where | sweep,
    holds=in_expectation,
    simulation="halpern:variance_reduced_calls",
    problems=sums[:1],
    instances=3,
    controls=(
        Control("n + 1 / epsilon, without the root of n", statement=calls <= C * (n + 1 / epsilon)),
        Control("the whole of F in every step", simulation="halpern:full_gradient_calls"),
    ),
)

separation = Claim(
    "Beyond n log n calls, on rotations, the classical method's calls are divided by the root of n, times L_F / L.",
    source=paper.at(
        "abstract", basis="derived", note="the abstract's gain 'up to' the root of n compares bounds; that runs show it is no theorem"
    ),
    statement=calls <= C * (n * log(n) + 24 * kappa * calls_exact / sqrt(n)),
    where=where
    | sweep
    | {calls_exact: measured("calls of the classical Halpern iteration for the same", by="halpern:half_step_calls:calls")},
    holds=in_expectation,
    simulation="halpern:variance_reduced_calls",
    problems=sums[:1],
    instances=3,
    controls=(
        Control("divided by n alone", statement=calls <= C * calls_exact / n),
        Control("the whole of F in every step", simulation="halpern:full_gradient_calls"),
    ),
)

crossover = Claim(
    "On rotations, variance reduction takes fewer calls than the classical iteration from n = (96 kappa)^2 on, for a hundredth or less.",
    source=paper.at(
        "abstract",
        basis="derived",
        note="where the anchors' bias rules, 48 sqrt(n) L D / epsilon calls against n L_F D / epsilon: twice n = (48 kappa)^2 in sqrt(n)",
    ),
    statement=calls <= calls_exact,
    where=separation.where | {n: fixed("component operators", 16384)},
    holds=in_expectation,
    assuming=(n >= (96 * kappa) ** 2, epsilon <= Rational(1, 100)),
    simulation="halpern:variance_reduced_calls",
    problems=sums[:1],
    instances=8,
    controls=(
        Control("a quarter of the classical calls", statement=calls <= calls_exact / 4),
        Control("the whole of F in every step", simulation="halpern:full_gradient_calls"),
    ),
    tier="full",
)

no_gain = Claim(
    "Where L is the root of n times L_F, the number of calls grows no more slowly than the classical iteration's: nothing is gained.",
    source=paper.at("abstract", basis="derived", note="the abstract's gain is 'up to' the root of n; L / L_F takes it away"),
    statement=calls >= C * calls_exact,
    where=separation.where
    | {
        epsilon: along("accuracy, relative to L D", 0.004, 0.0004, symbol=r"\varepsilon"),
        n: grows("component operators", among=(16, 36, 64, 100, 196, 324, 576, 1024)),
    },
    holds=in_expectation,
    simulation="halpern:variance_reduced_calls",
    problems="concentrated:turns",
    tier="full",
    instances=3,
    controls=(
        Control("more slowly by the fourth root of n", statement=calls >= C * n ** Rational(1, 4) * calls_exact),
        Control("rotations, where L is about L_F", problems=sums[:1]),
    ),
)

measuring = {
    n: fixed("component operators", 16),
    L: varies("scale of the operators", 0.1, 10.0, unit="[F]/[u]"),
    D: varies("distance from the start to the solution", 0.1, 10.0, unit="[u]"),
    whole: measured("Lipschitz constant of F", unit="[F]/[u]", symbol="L_F"),
    average: measured("the components' Lipschitz constant in the mean square", unit="[F]/[u]", symbol="L"),
}

constants = Claim(
    "The sum's constant is at most the components' in the mean square.",
    source=paper.at("a remark that a review asks for", basis="restated", note="'something like L_F <= L <= sqrt(n) L_F'"),
    statement=whole <= average,
    where=measuring,
    simulation="constants:mean_square",
    problems=("monotone:rotations", "skew:planes", "skew:cancelling"),
    instances=16,
    controls=(
        Control("half of it", statement=whole <= average / 2),
        Control("the smallest component's instead", simulation="constants:smallest", problems=skew),
    ),
)

constants_reversed = Claim(
    "The components' constant in the mean square is at most the root of n times the sum's.",
    source=constants.source,
    statement=average <= sqrt(n) * whole,
    where=measuring,
    simulation="constants:mean_square",
    problems="skew:cancelling",
    instances=16,
    expect=refuted("monotone components can cancel, as a turn and its reverse do, and the sum then has a constant as small as one likes"),
    controls=(
        Control("the fourth root of n times", statement=average <= n ** Rational(1, 4) * whole),
        Control("the smallest component's instead", simulation="constants:smallest"),
    ),
)

classical = Claim(
    "The classical Halpern iteration with the step 2 / L_F has the residual L_F D / (k + 1) at most.",
    source=Source(
        "Lieder",
        "On the convergence rate of the Halpern-iteration",
        year=2021,
        venue="Optimization Letters",
        place="the rate, as Yoon & Loizou restate it",
        basis="restated",
        note="for the fixed point residual of a nonexpansive map; here the map I - 2 F / L_F",
    ),
    statement=residual <= L_F * D / (k + 1),
    where=where
    | {
        n: fixed("component operators", 64),
        L_F: measured("cocoercivity constant of F", unit="[F]/[u]"),
    },
    simulation="halpern:deterministic",
    problems=("monotone:rotation", sums[0]),
    oracle="oracles:halpern_operator",
    controls=(
        Control("nine tenths of it", statement=residual <= 9 * L_F * D / (10 * (k + 1))),
        Control("the plain fixed point iteration", simulation="halpern:unanchored", problems="monotone:rotation"),
        Control("the anchor 1/sqrt(k + 2)", simulation="halpern:slow_anchor", problems="monotone:rotation"),
    ),
)

outer = where | {
    k: along("outer iterations", 1, 16),
    n: grows("component operators", among=(16, 64)),
    M: fixed("inner steps over n log(k + 2)", 24),
    L: varies("average Lipschitz constant", 0.1, 10.0, unit="[F]/[u]"),
    residual: measured("norm of F at the resolvent of the iterate", unit="[F]", symbol=r"\|F(J(u_k))\|"),
}

inexact = Claim(
    "For monotone Lipschitz sums, the residual at the resolvent falls like one over k and over the root of n.",
    source=paper.at(
        "monotone Lipschitz case",
        basis="derived",
        note="2 L D / (sqrt(n) (k + 1)) for exact resolvents, and a sixth of it for the errors that the inner loops leave",
    ),
    statement=residual <= 7 * L * D / (3 * sqrt(n) * (k + 1)),
    where=outer,
    holds=in_expectation,
    simulation="inexact_halpern:variance_reduced",
    problems=skew,
    instances=3,
    controls=(
        Control("one over n", statement=residual <= 7 * L * D / (3 * n * (k + 1))),
        Control("a quarter of it", statement=residual <= 7 * L * D / (12 * sqrt(n) * (k + 1))),
        Control("inner steps without variance reduction", simulation="inexact_halpern:unreduced"),
    ),
)

inexact_late = Claim(
    "After many outer iterations too, with shorter inner loops.",
    source=inexact.source,
    statement=inexact.statement,
    where=outer
    | {
        k: along("outer iterations", 1, 128),
        n: fixed("component operators", 16),
        M: fixed("inner steps over n log(k + 2)", 8),
    },
    holds=in_expectation,
    simulation="inexact_halpern:variance_reduced",
    problems=skew,
    instances=3,
    controls=(
        inexact.controls[1],
        Control("no anchor", simulation="inexact_halpern:unanchored"),
        Control("a snapshot that stays where the inner loop began", simulation="inexact_halpern:unrefreshed"),
    ),
)


def inexact_calls(K):
    """The calls in K outer iterations: F at the start of each, and for every inner step two calls, or three with the refreshes."""
    return K * (n + 96 + 3 * M * n * log(K + 1))


inexact_cost = Claim(
    "An expected residual at the resolvent is paid for by no more calls than this, with these constants.",
    source=paper.at("abstract", basis="derived", note="n + sqrt(n) L / epsilon with its logarithm, from the residual's bound"),
    statement=calls <= inexact_calls(7 * L * D / (3 * sqrt(n) * residual)),
    where=outer,
    holds=in_expectation,
    simulation="inexact_halpern:variance_reduced",
    problems=skew,
    instances=3,
    controls=(
        Control("n + L D / epsilon, without the root of n", statement=calls <= n + 7 * L * D / (3 * residual)),
        Control("a tenth of them", statement=calls <= inexact_calls(7 * L * D / (3 * sqrt(n) * residual)) / 10),
        Control("the whole of F in every inner step", simulation="inexact_halpern:full_gradient"),
    ),
)

extragradients = Source(
    "Lee & Kim",
    "Fast Extra Gradient Methods for Smooth Structured Nonconvex-Nonconcave Minimax Problems",
    year=2021,
    venue="NeurIPS",
)
deterministic = where | {
    k: along("iterations, of two calls of F each", 1, 4096),
    n: grows("component operators", among=(16, 256, 4096)),
    L_F: measured("Lipschitz constant of F", unit="[F]/[u]"),
}

anchored = Claim(
    "The anchored extragradient method FEG has the residual 2 L_F D / k at most.",
    source=extragradients.at("Theorem 4.1 with rho = 0, in the submitted version", basis="theorem"),
    statement=residual <= 2 * L_F * D / k,
    where=deterministic,
    simulation="extragradient:fast",
    problems=("skew:plane", *skew),
    controls=(
        Control("two per cent less", statement=residual <= Rational(49, 25) * L_F * D / k),
        Control("the plain extragradient method", simulation="extragradient:unanchored", problems=skew),
        Control("one call of F a step", simulation="extragradient:one_call", problems=skew),
    ),
)

anchored_cost = Claim(
    "FEG pays for an accuracy with 4 n L_F D / epsilon calls.",
    source=extragradients.at("Theorem 4.1 with rho = 0, in the submitted version", basis="derived", note="2 n calls an iteration"),
    statement=calls <= 4 * n * L_F * D / residual,
    where=deterministic,
    simulation="extragradient:fast",
    problems=("skew:plane", *skew),
    controls=(
        Control("two per cent less", statement=calls <= Rational(98, 25) * n * L_F * D / residual),
        Control("the plain extragradient method", simulation="extragradient:unanchored", problems=skew),
    ),
)

both = outer | {
    epsilon: along("accuracy, relative to L D", 0.02, 0.002, symbol=r"\varepsilon"),
    n: grows("component operators", among=(16, 24, 32, 48, 64, 96, 144, 256)),
    M: fixed("inner steps over n log(k + 2)", 8),
    calls: measured("components evaluated until the residual is that small"),
    calls_exact: measured("calls of FEG with half of its step for the same", by="extragradient:half_step_calls:calls"),
    kappa: measured("average constant over that of F itself, L / L_F", symbol=r"\kappa"),
    limit: fixed("iterations after which a run gives up", 40_000),
    C: unknown,
}

inexact_separation = Claim(
    "The calls of the anchored extragradient method are divided by the root of n, times L / L_F and logarithms.",
    source=paper.at(
        "abstract",
        basis="derived",
        note="the abstract's gain 'up to' the root of n, and logarithms, compares bounds; that runs show it is no theorem",
    ),
    statement=calls <= C * kappa * log(2 + 2 / (sqrt(n) * epsilon)) ** 2 * calls_exact / sqrt(n),
    where=both,
    holds=in_expectation,
    simulation="inexact_halpern:variance_reduced_calls",
    problems=skew,
    tier="full",
    instances=2,
    controls=(
        Control("divided by n", statement=calls <= C * kappa * log(2 + 2 / (sqrt(n) * epsilon)) ** 2 * calls_exact / n),
        Control("the anchored extragradient method itself", simulation="extragradient:half_step_calls"),
    ),
)

inexact_crossover = Claim(
    "With 1,024 components it takes fewer calls than the anchored extragradient method on average, at accuracies of a fiftieth to a 500th.",
    source=paper.at("abstract", basis="derived", note="where the two meet was measured; on an instance a search found thrice the calls"),
    statement=calls <= calls_exact,
    where=both | {n: fixed("component operators", 1024)},
    holds=on_average,
    simulation="inexact_halpern:variance_reduced_calls",
    problems=skew,
    tier="full",
    instances=4,
    controls=(
        Control("a quarter of them", statement=calls <= calls_exact / 4),
        Control("with 16 components", where={n: fixed("component operators", 16)}),
    ),
)

extra_anchored = Claim(
    "The anchored extragradient method EAG-C has the squared residual 260 (L_F D / (k + 1))^2 at most.",
    source=Source(
        "Yoon & Ryu",
        "Accelerated Algorithms for Smooth Convex-Concave Minimax Problems with O(1/k^2) Rate on Squared Gradient Norm",
        year=2021,
        venue="ICML",
        place="EAG-C, as Lee & Kim restate it in Section 4.2",
        basis="restated",
    ),
    statement=residual <= sqrt(260) * L_F * D / (k + 1),
    where=deterministic,
    simulation="extragradient:constant",
    problems=skew,
    controls=(
        Control("the constant 230", statement=residual <= sqrt(230) * L_F * D / (k + 1)),
        Control("the plain extragradient method", simulation="extragradient:unanchored", problems=skew),
    ),
)

lower_bound = Claim(
    "In the monotone Lipschitz class no method needs fewer calls, up to logarithms.",
    source=paper.at("abstract", basis="abstract"),
    statement=calls >= C * (n + sqrt(n) * L * D / residual),
    where=where | {C: unknown},
    holds=in_expectation,
    because="it says that every algorithm meets an instance as dear as this, made by an adversary; runs of some algorithms test nothing",
)
