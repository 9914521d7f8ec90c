"""Estimators of a mean from n draws, right and wrong, in JAX and in plain Python."""

import jax
import jax.numpy as jnp
import numpy as np

from .problems.boxes import halved
from .record import record


def sample_mean(key, problem, *, n, sigma):
    """The error of the mean of n normal draws, through its exact law."""
    return {"error": jnp.abs(jax.random.normal(key, dtype=jnp.float64)) * sigma / jnp.sqrt(n)}


def sample_mean_plain(rng, problem, *, n, sigma):
    """The same, from the draws themselves."""
    return {"error": abs(float(np.mean(rng.normal(0.0, sigma, int(n)))))}


def correlated_mean(key, problem, *, n, sigma):
    """Draws whose correlation leaves the mean an effective size sqrt(n)."""
    return {"error": jnp.abs(jax.random.normal(key, dtype=jnp.float64)) * sigma / n**0.25}


def walk(key, problem, *, k):
    """A contraction from the start of the problem to its centre."""
    return {"distance": jnp.abs(halved(problem, k)), "first": jnp.abs(problem.start - problem.solution)}


def lazy_walk(key, problem, *, k):
    """The same contraction, resting every second step."""
    return {"distance": jnp.abs(halved(problem, k // 2))}


def explodes(key, problem, *, n, sigma):
    """Squares its error until nothing is finite."""
    return {"error": jnp.where(n > 100, jnp.nan, 1.0) * sigma}


def constant(key, problem, *, n, sigma):
    """The same number whatever the size."""
    return {"error": jnp.asarray(1e-9)}


def exact(key, problem, *, n, sigma):
    """No noise at all, as far as anybody has seen."""
    return {"error": sigma / jnp.sqrt(n)}


def rarely(key, problem, *, n, sigma):
    """Far off in one run of ten."""
    return {"error": jnp.where(jax.random.uniform(key, dtype=jnp.float64) < 0.1, 1e6, 1e-6) * sigma}


def quits(rng, problem, *, n, sigma):
    """Ends the process."""
    raise SystemExit(5)


def speaks(rng, problem, *, n, sigma):
    """Returns words instead of numbers."""
    return {"error": "small"}


def raises(key, problem, *, n, sigma):
    """Fails where it is written."""
    return {"error": jnp.zeros(3) @ jnp.zeros(4)}


def imports(key, problem, *, n, sigma):
    """Needs a package that nobody has."""
    import no_such_package

    return {"error": no_such_package.error(n)}


def nameless(key, problem, *, n, sigma):
    """Returns another letter than its claim measures."""
    return {"eror": jnp.asarray(1.0)}


def shapeless(key, problem, *, n, sigma):
    """Returns a vector where a number is measured."""
    return {"error": jnp.zeros(7)}


def complexes(key, problem, *, n, sigma):
    """Returns a complex number."""
    return {"error": sigma / jnp.sqrt(n) * (1 + 1j)}


def homeless(key, problem, *, n, sigma):
    """Begins at a problem that its claim may not name."""
    return {"error": problem.start}


def branches(key, problem, *, n, sigma):
    """Asks for a value that it has not yet."""
    return {"error": sigma if n > 10 else n}


def to_numpy(key, problem, *, n, sigma):
    """Hands a number that it has not yet to NumPy."""
    return {"error": np.sqrt(np.array([n]))[0]}


def reshapes(key, problem, *, n, sigma):
    """Takes a step that changes the shape of the state."""
    return record(lambda i, x: x[:2], jnp.ones(3), jnp.arange(3), lambda x: {"error": jnp.sum(x)})


def single(key, problem, *, n, sigma):
    """Returns an array instead of a dict."""
    return jnp.zeros(())


def asks_python(key, problem, *, n, sigma):
    """The scale of the error by way of a callback to Python."""
    scale = jax.pure_callback(lambda s: np.asarray(s), jax.ShapeDtypeStruct((), jnp.float64), sigma, vmap_method="sequential")
    return {"error": scale / jnp.sqrt(n)}


def factorised(key, problem, *, n, sigma):
    """The scale of the error by way of a factorisation that LAPACK makes."""
    q, r = jnp.linalg.qr(jax.random.normal(key, (48, 16), dtype=jnp.float64))
    return {"error": sigma / jnp.sqrt(n) + jnp.sum((q.T @ q - jnp.eye(16)) @ r) * 1e-9}
