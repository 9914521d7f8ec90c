"""Nash-MP where every query samples the opponent: its policy is seen through the frequencies of m draws.

D. Tiapkin et al. 2025, arXiv:2505.19731v1, whose approximate version estimates a step by stochastic policy gradients; its form was
not read, and this is a simpler source of the same noise.  A normal law with the mean and the covariance of the frequencies stands
for them: an advantage is a mean over the m draws, of which the algorithm feels hardly more than those two.

Kernels show `KL_settled`, `()`: the divergence from the equilibrium to the iterate, averaged over the second half of `T` steps.
"""

import jax
import jax.numpy as jnp

from .lockstep import at_end
from .nash import answer, mirror_prox_step
from .noise import drawn, undrawn
from .problems.games import kl


def mirror_prox(key, problem, *, m, gamma, T):
    """Two queries a step, of m draws each."""

    def step(policy, normals):
        first, second = normals
        return mirror_prox_step(problem, policy, gamma, _asked(problem, m, first), _asked(problem, m, second))

    return _floor(key, problem, step, T, 2)


def mirror_descent(key, problem, *, m, gamma, T):
    """One query a step, of m draws."""
    return _floor(key, problem, lambda policy, normals: answer(problem, policy, _asked(problem, m, normals[0])(policy), gamma), T, 1)


def same_draws(key, problem, *, m, gamma, T):
    """`mirror_prox` with the luck of the first draws in all queries."""
    asked = _asked(problem, m, jax.random.normal(key, problem.start.shape, problem.start.dtype))
    return _floor(key, problem, lambda policy, normals: mirror_prox_step(problem, policy, gamma, asked, asked), T, 0)


def _asked(problem, m, normals):
    """How far each action is preferred to m draws of an opponent's log-policy, `(Y,)`, as a function of that log-policy."""

    def advantage(log_policy):
        p = jnp.exp(log_policy)
        noise = jnp.sqrt(p) * normals.astype(p.dtype)
        return problem.payoff @ (p + (noise - p * jnp.sum(noise)) / jnp.sqrt(m))

    return advantage


def _floor(key, problem, step, T, queries):
    """What `step(policy, normals)` settles at, with normal numbers for the luck of so many queries, `(queries, Y)`."""

    def run(key, policy, steps, measure):
        def advance(i, state):
            policy, total, block = state
            normals, block = drawn(key, i, block)
            policy = step(policy, normals)
            return policy, total + measure(policy), block

        begin = policy, jnp.zeros((), policy.dtype), undrawn((queries, len(policy)))
        return at_end(advance, begin, steps, lambda state: state[:2])

    early, late = jax.random.split(key)
    policy, _ = run(early, problem.start, T // 2, lambda policy: 0)
    return {"KL_settled": run(late, policy, T - T // 2, lambda policy: kl(problem.solution, policy))[1] / (T - T // 2)}
