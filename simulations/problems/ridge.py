"""Ridge regression below, on the diabetes study of 442 patients, and the correction of its labels above.

B. Efron, T. Hastie, I. Johnstone and R. Tibshirani 2004, as in scikit-learn.  The labels of four groups of patients (of a
large body mass or not, of a high blood pressure or not) are off by an amount each; x, `(4,)`, corrects them, y, `(10,)`, are the weights
fitted to corrected labels, and other patients, whose labels are right, judge them.  A rippled cosh keeps corrections small: it makes the
upper level unbounded smooth.  Every oracle draws one patient.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import Family
from .bilevel import rippled_height, rippled_slope, roughness_of

FITTED, JUDGES = 2**8, 2**7
"""Patients of each kind: powers of two, so that fair coins draw them evenly."""

LENGTH = 2.0
RIDGE = 1.0
RIPPLE = 0.5
PENALTY = 0.3
OFF = (2.0, -1.0, 1.0, -2.0)


class Study(NamedTuple):
    """One start on the study; everything else is the data's."""

    mu: Array
    """The lower level's least curvature, `()`."""

    ripple: Array
    """The height of the ripple, `()`."""

    start: Array
    """The first corrections, `(4,)`."""

    guess: Array
    """The first weights, `(10,)`."""

    reach: Array
    """How far they are from the fitted ones, `()`."""

    def lower(self, word, x, y):
        """One patient's gradient of the ridge loss in the weights, `(10,)`."""
        a, label, mine = _patient(word, 0, y.dtype)
        return a * (a @ y - label - mine @ x) + RIDGE * y

    def upper(self, word, x, y):
        """The slope of the penalty, `(4,)`, and one judge's gradient in the weights, `(10,)`."""
        row = jnp.asarray(_data().judged, y.dtype)[_drawn(word, 0, JUDGES)]
        a, verdict = row[:-1], row[-1]
        return self.slope(x), a * (a @ y - verdict)

    def second(self, word, x, z):
        """One patient's Hessian in the weights times z, `(10,)`, and mixed derivative times z, `(4,)`."""
        a, _, mine = _patient(word, 16, z.dtype)
        return a * (a @ z) + RIDGE * z, -mine * (a @ z)

    def slope(self, x):
        """The gradient of f in x, `(4,)`."""
        return PENALTY * rippled_slope(x, self.ripple)

    def answer(self, x):
        """The fitted weights, `(10,)`."""
        base, B = (jnp.asarray(array, x.dtype) for array in (_data().base, _data().B))
        return base + B @ x

    def hypergradient(self, x):
        """The gradient of the judges' loss of the fitted weights and the penalty, `(4,)`."""
        level, bend = self._judgement(x.dtype)
        return self.slope(x) + level + bend @ x

    def value(self, x):
        """The judges' loss of the fitted weights, but for a constant, and the penalty, `()`."""
        level, bend = self._judgement(x.dtype)
        return PENALTY * jnp.sum(rippled_height(x, self.ripple)) + level @ x + x @ bend @ x / 2

    @property
    def roughness(self):
        """The curvature of f in x over what the constants allow it, at its largest on a grid, `()`."""
        return roughness_of(self.ripple)

    def _judgement(self, dtype):
        return jnp.asarray(_data().level, dtype), jnp.asarray(_data().bend, dtype)


class Data(NamedTuple):
    """What all starts share: constants of a run, since a copy for each of its lanes would not fit the cache."""

    fitted: np.ndarray
    """The patients that are fitted, `(n, 15)`: ten features, the label, and the group that each belongs to, one column each."""

    judged: np.ndarray
    """The others, `(m, 11)`: ten features and the label."""

    mu: float
    """The lower level's least curvature."""

    base: np.ndarray
    """The weights without corrections, `(10,)`."""

    B: np.ndarray
    """How the weights follow the corrections, `(10, 4)`."""

    level: np.ndarray
    """The gradient of the judges' loss of the fitted weights without corrections, `(4,)`."""

    bend: np.ndarray
    """Its Hessian in the corrections, `(4, 4)`."""


def _patient(word, first, dtype):
    """The features, the label and the group of one of the fitted, by the coins from `first` on."""
    row = jnp.asarray(_data().fitted, dtype)[_drawn(word, first, FITTED)]
    return row[:10], row[10], row[11:]


def _drawn(word, first, count):
    """One of `count`, evenly, by the coins from `first` on."""
    return ((word >> jnp.uint64(first)) & jnp.uint64(count - 1)).astype(int)


@lru_cache(maxsize=1)
def _data():
    """The features, scaled to the same mean square and a mean squared length of LENGTH^2 a patient, the labels and the groups."""
    from sklearn.datasets import load_diabetes

    features, labels = load_diabetes(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))[: FITTED + JUDGES]
    features = LENGTH * features[order] / np.sqrt(np.sum(features[order] ** 2) / len(order))
    labels = (labels[order] - labels[order].mean()) / labels[order].std()
    fitted, judges = slice(None, FITTED), slice(FITTED, None)
    heavy, strained = (features[fitted, n] > np.median(features[fitted, n]) for n in (2, 3))
    group = np.eye(4)[2 * heavy + strained]
    patients, right = features[fitted], labels[fitted]
    labels_off = right - group @ np.array(OFF)
    H = patients.T @ patients / FITTED + RIDGE * np.eye(10)
    base = np.linalg.solve(H, patients.T @ labels_off / FITTED)
    B = np.linalg.solve(H, patients.T @ group / FITTED)
    followed = features[judges] @ B
    level = followed.T @ (features[judges] @ base - labels[judges]) / JUDGES
    return Data(
        fitted=np.column_stack([patients, labels_off, group]),
        judged=np.column_stack([features[judges], labels[judges]]),
        mu=np.linalg.eigvalsh(H)[0],
        base=base,
        B=B,
        level=level,
        bend=followed.T @ followed / JUDGES,
    )


def _draw(key):
    return {"side": jax.random.normal(key, (4,))}


def _build(parameters, *, away):
    start = away * jnp.where(parameters["side"] < 0, -1.0, 1.0)
    study = Study(jnp.asarray(_data().mu), jnp.asarray(RIPPLE), start, guess=jnp.zeros(10), reach=jnp.zeros(()))
    return study._replace(reach=jnp.linalg.norm(study.answer(start)))


diabetes = Family(_draw, _build)
"""Starts on all sides of no correction."""
