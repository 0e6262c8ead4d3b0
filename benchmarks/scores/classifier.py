"""Classifier two-sample test by scikit-learn, which the extra `transport` installs."""

import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

FOLDS = 5
WIDTH = 10  # hidden units a dimension, in each of two layers: as in sbibm
EPOCHS = 1_000  # at most: a tenth of the training points tells when to stop
RATE = 1e-2  # at scikit-learn's 1e-3 small networks are stopped before they have learnt


def installed() -> bool:
    """Whether the extra is there."""
    return find_spec("sklearn") is not None


def c2st(
    x: Float[np.ndarray, "n dim"], weights: Float[np.ndarray, " n"], y: Float[np.ndarray, "m dim"], seed: int
) -> float:
    """Cross-validated accuracy of telling x from exact y: 1/2 for equal laws, 1 for laws apart.

    Weighted x are resampled, and copies of one point stay in one fold, or a classifier would know them again.
    Lopez-Paz and Oquab (2017); network and standardising as in Lueckmann et al. (2021), with early stopping.
    """
    noise = np.random.default_rng(seed)
    origin = np.arange(len(x)) if np.ptp(weights) == 0 else noise.choice(len(x), len(y), p=weights)
    points = (np.concatenate([x[origin], y]) - np.mean(y, axis=0)) / np.std(y, axis=0)
    folds = np.concatenate([noise.permutation(len(x))[origin] % FOLDS, noise.permutation(len(y)) % FOLDS])
    labels = np.repeat([0, 1], [len(origin), len(y)])
    network = import_module("sklearn.neural_network").MLPClassifier(
        (WIDTH * x.shape[1],) * 2,
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        early_stopping=True,
        random_state=seed,
    )
    choose = import_module("sklearn.model_selection")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged is no news
        scores = choose.cross_val_score(network, points, labels, cv=choose.PredefinedSplit(folds))
    return float(np.mean(scores))
