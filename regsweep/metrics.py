"""What a trained network is judged by: accuracy and cross-entropy, always in evaluation mode.

Shapes: B images of a batch, N in all, K classes.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from regsweep.device import autocast

EVALUATION_BATCH = 250
"""Images at once: as fast as more on a CPU (docs/performance.md), in less memory."""


@dataclass(frozen=True)
class Metrics:
    """Accuracy (a fraction) and cross-entropy (natural logarithm, mean over images, without any penalty)."""

    accuracy: float
    loss: float

    def as_dict(self) -> dict[str, float]:
        """Return both by name."""
        return asdict(self)


def evaluate(model: nn.Module, images_NCHW: Tensor, labels_N: Tensor, precision: str = "float32") -> Metrics:
    """Return accuracy and cross-entropy of `model` on all images; leaves the model in evaluation mode."""
    return evaluate_each(model, images_NCHW, labels_N, precision)[0]


@torch.inference_mode()
def evaluate_each(
    model: nn.Module, images_NCHW: Tensor, labels_N: Tensor, precision: str = "float32"
) -> tuple[Metrics, Tensor]:
    """Return what `evaluate` does, and whether each image was classified correctly (N, boolean)."""
    model.eval()
    device = labels_N.device
    total = torch.zeros((), dtype=torch.float32, device=device)
    correct = []
    for images_BCHW, labels_B in zip(
        torch.split(images_NCHW, EVALUATION_BATCH), torch.split(labels_N, EVALUATION_BATCH), strict=True
    ):
        with autocast(device, precision):
            logits_BK = model(images_BCHW)
        logits_BK = logits_BK.float()
        correct.append(logits_BK.argmax(1) == labels_B)
        total += functional.cross_entropy(logits_BK, labels_B, reduction="sum")
    correct_N = torch.cat(correct)
    return Metrics(int(correct_N.sum()) / len(labels_N), total.item() / len(labels_N)), correct_N
