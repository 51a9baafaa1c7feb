"""Names of objectives, and whether less of one is better: ``val_loss`` is minimized, ``accuracy`` maximized."""

import re

MINIMIZED = frozenset(
    {
        *("loss", "losses", "logloss", "nll", "cross entropy", "crossentropy", "perplexity", "deviance", "divergence"),
        *("error", "errors", "err", "error rate", "mistakes", "misclassified", "misclassification", "wer", "cer"),
        *("mse", "rmse", "msle", "rmsle", "mae", "mape", "smape", "brier", "brier score", "ece", "distance"),
        *("cost", "risk", "regret", "seconds", "time", "latency"),
    }
)
"""Last words of numbers of which less is better, or the last two."""


def is_minimized(name: str) -> bool:
    """Return whether the last word of `name` is one of `MINIMIZED`: of ``val.loss``, ``valLoss`` or ``testMSE``.

    A negative turns it round: ``neg_mean_squared_error`` of scikit-learn, ``negative_log_likelihood``.
    """
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if {"neg", "negative"} & set(words):
        return words[-1:] == ["likelihood"]
    return any(" ".join(words[-several:]) in MINIMIZED for several in (1, 2) if words)


def unnamed(count: int) -> list[str]:
    """Return what so many objectives without names are called: ``value``, or ``value_0``, ``value_1``, …"""
    return ["value"] if count == 1 else [f"value_{i}" for i in range(count)]
