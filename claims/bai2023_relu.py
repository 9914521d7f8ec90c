"""Efficient global optimization of two-layer ReLU networks.

Y. Bai, T. Gautam and S. Sojoudi, SIAM Journal on Mathematics of Data Science 2023.  arXiv:2201.01965v2
Training a network with one hidden layer of ReLUs and weight decay is a convex program once all activation patterns are listed.  Where
they are drawn instead, few suffice: with enough of them another one is unlikely to lower the optimum.  The alternating direction method of
multipliers solves either program at a linear rate, with steps whose time is quadratic.

The abstract was read, the authors' code for the convex program, and a third party's code for Algorithm 3.1; the theorems were not.  The
number of neurons that suffices is recalled, and taken as scenario theory has it: violations of xi with the confidence 1 - psi.  That the
mean violation is n/(P_s + 1) at most follows from exchangeability and was derived: of P_s + 1 neurons n at most carry the optimum.  The
equality of the convex and the other optimum is M. Pilanci and T. Ergen's (ICML 2020).

Data lie in the plane, where every direction of a hidden neuron can be looked at: four inputs or fewer, on the unit circle.  A quick trial
had 40 of them in up to five dimensions and measured 0.75 to 0.96 of the bound on the mean.  With a weight decay below 0.1, or with two
inputs, all data count and the bound is met with equality, which no number of replicates supports; so weight decay begins at 0.3 for it.
The worst of twelve instances comes to 0.64 of the bound on some root seeds, which leaves half of it open as a control: a third is one.

The linear rate sets in once the run is near its end.  Before, it may rest near a wrong set of active neurons: where the best neuron sees a
datum at a very flat angle, a second one that does not see it is almost as good, and loses its part by a tiny constant amount a step.
Of six hundred programs one to three take more than 30,000 steps, and one was found whose rest would last some 10^7.  So the run's end is
looked for first, in 100,000 steps at most, and steps count from when it is within a hundredth of that.  A run that rests still then shows
no decay, which supports nothing; of 512 programs there was one, and one more whose rate wavered too much to be read.  Five had no active
neuron from the start.

Not here: adversarial training; times by the clock; that all patterns together reach the optimum, which the bound on every network's loss
shows on one side alone, as no network of that many neurons is far above it.
"""

from sympy import Min, Rational, exp, log

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
    unknown,
    varies,
    with_probability,
)

paper = Source(
    "Bai, Gautam & Sojoudi",
    "Efficient Global Optimization of Two-layer ReLU Networks: Quadratic-time Algorithms and Adversarial Training",
    year=2023,
    arxiv="2201.01965v2",
    venue="SIAM Journal on Mathematics of Data Science",
)
violated, value, value_of_half, loss, least = letters("violated value value_of_half loss least")
P_s, n, beta, arc, nested, most, psi, xi = letters("P_s n beta arc nested most psi xi")
k, rho, gamma, fade, distance, operations, decay, d, T, C, c = letters("k rho gamma fade distance operations decay d T C c")

where = {
    n: varies("data", among=(3.0, 4.0)),
    beta: varies("weight decay", 0.2, 0.4, symbol=r"\beta"),
    arc: fixed("part of the circle that the sampled neurons point to", 1.0),
    nested: fixed("the half is one of the sampled neurons", 1.0),
    most: fixed("neurons that there are at most", 128),
    violated: measured("probability that a further neuron lowers the optimum", symbol="V"),
    value: measured("optimum with the sampled neurons", symbol="p_s^*"),
    value_of_half: measured("optimum with the first half of them", symbol="p_{s/2}^*"),
}
third = Control("neurons that point to a third of the circle", where={arc: fixed("part of the circle", 0.33)})

mean_violation = Claim(
    "The probability that a further neuron lowers the optimum is n over P_s + 1 at most, in the mean over the sampled ones.",
    source=paper.at("sampled convex program", basis="derived", note="the paper's bound with a confidence is recalled; this one is derived"),
    statement=violated <= n / (P_s + 1),
    where=where
    | {
        n: fixed("data", 4.0),
        beta: varies("weight decay", 0.3, 0.5, symbol=r"\beta"),
        P_s: grows("sampled neurons", among=(8.0, 16.0, 32.0, 64.0, 128.0)),
    },
    holds=in_expectation,
    simulation="sampled_relu:sampled",
    problems="relu_data:plane",
    trivially=1,
    instances=12,
    controls=(
        Control("a third of it", statement=violated <= n / (3 * (P_s + 1))),
        Control("over the square of P_s + 1", statement=violated <= n / (P_s + 1) ** 2),
        third,
    ),
)

enough = Claim(
    "With this many sampled neurons, a further one lowers the optimum with probability xi at most, at the confidence 1 - psi.",
    source=paper.at("theorem on the sampled convex program", basis="recalled", note="which of the letters is which as in scenario theory"),
    statement=violated <= xi,
    where=where
    | {
        P_s: varies("sampled neurons", 60.0, 128.0),
        psi: fixed("one minus the confidence", 0.1, symbol=r"\psi"),
        xi: fixed("probability of an improvement", 0.25, symbol=r"\xi"),
    },
    assuming=P_s >= Min((n + 1) / (psi * xi) - 1, 2 * (n + 1 - log(psi)) / xi),
    holds=with_probability(1 - psi),
    simulation="sampled_relu:sampled",
    problems="relu_data:plane",
    instances=12,
    controls=(Control("a twentieth of it", statement=violated <= xi / 20), third),
)

more_neurons = Claim(
    "With more sampled neurons the optimum is no larger.",
    source=paper.at("sampled convex program", basis="derived", note="a larger feasible set"),
    statement=value <= value_of_half,
    where=where | {P_s: varies("sampled neurons", 8.0, 128.0)},
    simulation="sampled_relu:sampled",
    problems="relu_data:plane",
    instances=24,
    controls=(
        Control("smaller by a tenth", statement=value <= Rational(9, 10) * value_of_half),
        Control(
            "half as many neurons, but others",
            where={nested: fixed("the half is of other neurons", 0.0), P_s: varies("sampled neurons", 8.0, 80.0)},
        ),
    ),
)

convex_optimum = Claim(
    "No network has a smaller loss than the optimum of the convex program with all activation patterns.",
    source=paper.at("exact convex reformulation", basis="recalled", note="Theorem 1 of Pilanci and Ergen, ICML 2020; bounded by duality"),
    statement=loss >= least,
    where={
        n: where[n],
        beta: where[beta],
        decay: fixed("the loss has its weight decay", 1.0),
        loss: measured("least loss of networks with some hidden neurons, weight decay included"),
        least: measured("optimum of the convex program", symbol="p^*"),
    },
    simulation="sampled_relu:network",
    problems="relu_data:plane",
    controls=(
        Control("a twentieth more", statement=loss >= Rational(21, 20) * least),
        Control("without weight decay", where={decay: fixed("the loss has no weight decay", 0.0)}),
    ),
)

linear_rate = Claim(
    "Near its end the method converges linearly.",
    source=paper.at("abstract", basis="abstract", note="Algorithm 3.1 as a third party implemented it"),
    statement=distance <= C * exp(-c * k),
    where={
        k: along("iterations, from when the run is within a hundredth of its end", 1, 2048),
        gamma: fixed("step of the duals, over the penalty", 1.0, symbol=r"\gamma_a / \rho"),
        fade: fixed("power of the iterations that steps of the duals fade with", 0.0),
        n: where[n],
        beta: where[beta],
        rho: fixed("penalty", 1.0, symbol=r"\rho"),
        P_s: varies("sampled activation patterns", among=(2.0, 3.0, 4.0)),
        most: fixed("activation patterns that there are at most", 4),
        T: fixed("iterations after which a run is at its end, if it still moves", 100_000),
        distance: measured("distance from the end of a much longer run, and of that end from the conditions of optimality"),
        C: unknown,
        c: unknown("a constant of the exponent"),
    },
    assuming=distance >= Rational(1, 10**11),  # Below that rounding tells where the end is.
    simulation="relu_admm:admm",
    problems="relu_data:plane",
    instances=12,
    controls=(
        Control("by a factor of e in every step", statement=distance <= C * exp(-k)),
        Control(
            "steps of the duals that fade like one over the iterations",
            where={fade: fixed("they fade", 1.0), T: fixed("iterations", 10_000)},
        ),
    ),
)

quadratic_time = Claim(
    "A step of the method with as many patterns as data takes a number of operations like the square of the data.",
    source=paper.at("abstract", basis="abstract", note="counted in Algorithm 3.1 as a third party implemented it; P_s = n is recalled"),
    statement=operations <= C * n**2,
    where={
        n: grows("data, and sampled activation patterns", among=(16, 32, 64, 128, 256, 512, 1024, 2048)),
        d: fixed("dimensions of the data", 3),
        operations: measured("multiplications and additions of a step"),
        C: unknown,
    },
    simulation="relu_admm:count",
    controls=(
        Control("in proportion to the data", statement=operations <= C * n),
        Control("a factorisation in every step", simulation="relu_admm:count_afresh"),
    ),
)
