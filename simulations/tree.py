"""SPIDER with normalised steps, whose gradient estimates hang in a binary tree: private, and one pass over the records.

R. Arora, R. Bassily, T. Gonzalez, C. Guzman, M. Menart and E. Ullah 2023, arXiv:2206.00846, Algorithm 1 with the parameters of
Theorem 3.2.  A round begins with a batch of b records at the root; in depth-first order each right child corrects its parent's
estimate by how the gradient has changed since the parent's point, on a fresh batch of b / 2^depth records, and each leaf makes a step
of length beta / (2^(D/2) L_1).  A left child has its parent's point and estimate, so the stack of the last node at each depth is
all that there is to keep.

Kernels show at their end, `()` each: `gradient`, the norm of the population's gradient at a leaf chosen evenly from all, its
expectation over the choice; `depth`, the D of the trees.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import Tracer

from .lockstep import at_end
from .noise import drawn, undrawn
from .privacy import classical, sensitivity

DEEPEST = 14
"""Trees are no deeper than this: batches of half a million records."""


def spider(key, problem, *, n, epsilon, delta):
    """The algorithm until its records are spent, without the stopping rule, which would end it at once; the last round is cut short."""
    return _run(key, problem, n, epsilon, delta, _parent)


def chain(key, problem, *, n, epsilon, delta):
    """`spider` without the tree: every leaf corrects the one before it, with the noise that hides one record of b / 2^D."""
    return _run(key, problem, n, epsilon, delta, lambda stack, depth: jax.tree.map(lambda kept: kept[-1], stack))


def stopped(key, problem, *, n, epsilon, delta, p):
    """The algorithm with its stopping rule: `gradient` where it stops, at the latest at the last leaf."""
    return _run(key, problem, n, epsilon, delta, _parent, stops_at=lambda size: 2 * _accuracy(problem, size, delta, p))


def _parent(stack, depth):
    return jax.tree.map(lambda kept: kept[depth - 1], stack)


def _accuracy(problem, size, delta, p):
    """The accuracy that Theorem 3.2 gives the algorithm, F_0 being the loss at the start beyond the least."""
    deep = jnp.sqrt(2.0 * size.D) * (size.D / 2 + 1)
    logs = 256 * jnp.log(1.25 / delta) * jnp.log(4 * size.T * size.leaves / p)
    return size.alpha * (logs + 4 * problem.L_1 * problem.F_0 * deep / problem.L_0**2)


class _Sizes(NamedTuple):
    """Theorem 3.2's parameters: batch, depth and leaves of a tree, rounds, and the length of a path through a whole tree, times L_1."""

    b: Array
    D: Array
    leaves: Array
    T: Array
    reach: Array
    alpha: Array


def _sizes(problem, n, epsilon):
    d = len(problem.start)
    b = jnp.maximum(n ** (2 / 3), jnp.sqrt(n) * d**0.25 / jnp.sqrt(epsilon))
    depths = jnp.arange(1, DEEPEST + 1)
    D = jnp.sum(depths * 2.0 ** (depths + 1) <= b)
    leaves = 2.0**D
    T = jnp.maximum(n / (b * (D / 2 + 1)), 1)
    alpha = problem.L_0 * jnp.sqrt(2.0) * jnp.maximum(n ** (-1 / 3), jnp.sqrt(jnp.sqrt(d) / (n * epsilon)))
    beta = alpha * jnp.minimum(1, jnp.sqrt(b) * epsilon / jnp.sqrt(d))
    return _Sizes(jnp.floor(b / leaves) * leaves, D, leaves, T, beta * jnp.sqrt(leaves), alpha)


def _depth(j, size):
    """How deep the node is that is new above leaf j of a tree: the root, or the nearest one that is nobody's left child."""
    return jnp.where(j == 0, 0, size.D - lax.population_count((j & -j) - 1))


def _enough_for(size, n):
    """How many leaves n records are enough for, at least one: those of whole rounds, and the first ones of a round that is cut short."""
    round_takes = size.b * (size.D / 2 + 1)
    rounds = jnp.floor(n / round_takes)
    j = jnp.arange(2**DEEPEST)
    taken = jnp.cumsum(size.b / 2.0 ** _depth(j, size))
    return jnp.maximum(rounds * size.leaves + jnp.sum((j < size.leaves) & (taken <= n - rounds * round_takes)), 1)


def _run(key, problem, n, epsilon, delta, anchor, stops_at=lambda size: 0.0):
    size = _sizes(problem, n, epsilon)
    at_root = classical(sensitivity(problem.L_0, size.b), epsilon, delta)
    at_node = classical(sensitivity(size.reach, size.b), epsilon, delta)
    length, leaves = size.reach / size.leaves / problem.L_1, size.leaves.astype(int)
    nodes = jnp.arange(DEEPEST + 1)

    def step(i, state):
        w, stack, total, done, block = state
        j, ours = i % leaves, jax.random.fold_in(key, i)
        depth = _depth(j, size)
        normal, block = drawn(key, i, block)
        batch = size.b / 2.0**depth
        point, last = anchor(stack, depth)
        first, change = problem.mean_grad(ours, w, batch), last + problem.mean_change(ours, w, point, batch)
        estimate = jnp.where(j == 0, first, change) + jnp.where(j == 0, at_root, at_node) * normal
        stack = tuple(jnp.where(nodes[:, None] >= depth, new[None, :], kept) for new, kept in zip((w, estimate), stack, strict=True))
        norm = jnp.sqrt(jnp.sum(estimate**2) + 1e-30)
        done = done | (norm <= stops_at(size))
        return jnp.where(done, w, w - length * estimate / norm), stack, total + _norm(problem.grad(w)), done, block

    def observe(state):
        w, _, total, done, _ = state
        return {"gradient": jnp.where(done, _norm(problem.grad(w)), total / steps), "depth": 1.0 * size.D, "leaves": size.T * size.leaves}

    steps = _enough_for(size, n).astype(int)
    steps = steps if isinstance(steps, Tracer) else int(steps)
    empty = jnp.zeros((DEEPEST + 1, len(problem.start)))
    return at_end(step, (problem.start, (empty, empty), jnp.zeros(()), jnp.zeros((), bool), undrawn(problem.start.shape)), steps, observe)


def _norm(x):
    return jnp.sqrt(jnp.sum(x**2) + 1e-30)
