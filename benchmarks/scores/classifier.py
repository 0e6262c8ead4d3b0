"""Classifier two-sample test (C2ST), by scikit-learn from the extra `transport`.

Lopez-Paz and Oquab (2017). The network and the standardising are those of Lueckmann et al. (2021), with early
stopping.
"""

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float

FOLDS = 5
WIDTH = 10  # hidden units per dimension, in each of two layers: as in sbibm
MAX_EPOCHS = 1_000  # a tenth of the training points decides when to stop earlier
LEARNING_RATE = 1e-2  # at scikit-learn's 1e-3 small networks are stopped before they have learnt


def installed() -> bool:
    """Whether scikit-learn is installed."""
    return find_spec("sklearn") is not None


def c2st(
    x: Float[np.ndarray, "n dim"], weights: Float[np.ndarray, " n"], y: Float[np.ndarray, "m dim"], seed: int
) -> float:
    """Cross-validated accuracy of a classifier that tells the weighted points x from exact draws y.

    It is 1/2 where both have the same distribution, and 1 where the distributions do not overlap. Weighted
    points are resampled, and all copies of a point are put into the same fold: the classifier would recognise
    them otherwise.
    """
    rng = np.random.default_rng(seed)
    origin = np.arange(len(x)) if np.ptp(weights) == 0 else rng.choice(len(x), len(y), p=weights)
    points = (np.concatenate([x[origin], y]) - np.mean(y, axis=0)) / np.std(y, axis=0)
    folds = np.concatenate([rng.permutation(len(x))[origin] % FOLDS, rng.permutation(len(y)) % FOLDS])
    labels = np.repeat([0, 1], [len(origin), len(y)])
    model_selection = import_module("sklearn.model_selection")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns where training reaches MAX_EPOCHS
        scores = model_selection.cross_val_score(
            _network(x.shape[1], seed), points, labels, cv=model_selection.PredefinedSplit(folds)
        )
    return float(np.mean(scores))


def _network(dim: int, seed: int) -> Any:
    return import_module("sklearn.neural_network").MLPClassifier(
        (WIDTH * dim, WIDTH * dim),
        learning_rate_init=LEARNING_RATE,
        max_iter=MAX_EPOCHS,
        early_stopping=True,
        random_state=seed,
    )
