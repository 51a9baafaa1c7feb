"""Whether less of a number is better, by its name."""

import pytest

from regsweep.direction import is_minimized, unnamed


@pytest.mark.parametrize(
    "name",
    [
        *("loss", "val_loss", "val/loss", "val.loss", "valLoss", "VAL_LOSS", "loss_2", "loss1"),
        *("error", "testErr", "val-MSE", "testMSE", "RMSE", "mae", "nll", "valNLL", "perplexity"),
        *("negative_log_likelihood", "negLikelihood"),
        *("train_seconds", "wall time", "inferenceTime", "latency"),
        *("brier", "brier_score", "BrierScore", "MAPE", "val_ece", "kl_divergence", "HammingDistance", "WER", "cost"),
        *("error_rate", "CROSS_ENTROPY", "cross-entropy", "crossEntropy", "misclassified", "num_errors", "mean risk"),
    ],
)
def test_of_these_less_is_better(name: str) -> None:
    assert is_minimized(name)


@pytest.mark.parametrize(
    "name",
    [
        *("accuracy", "validation_accuracy", "f1", "AUC", "score", "value", "lossless_accuracy", "loss_reduction"),
        *("gloss", "errors_found", "timeliness", "", "2", "Verlust", "точность"),
        *("neg_mean_squared_error", "neg_log_loss", "valNegMae", "negative_loss"),
        *("piece", "costly", "distanced_share", "rate", "survival_rate", "f1_score", "entropy", "soccer", "error_free"),
    ],
)
def test_of_these_more_is_better(name: str) -> None:
    assert not is_minimized(name)


def test_objectives_without_names_are_counted() -> None:
    assert [unnamed(count) for count in (1, 2)] == [["value"], ["value_0", "value_1"]]
