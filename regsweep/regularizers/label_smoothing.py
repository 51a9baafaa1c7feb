"""Label smoothing: the target is 1 − ε of the label and ε of all K classes alike (Szegedy et al., 2016)."""

from __future__ import annotations

from dataclasses import replace

from regsweep.fields import number
from regsweep.methods import Batch, Method, MethodSettings, Paper


class LabelSmoothing(Method):
    """Targets (1 − ε) y + ε/K, as torch's ``cross_entropy(label_smoothing=ε)`` has them."""

    name, title = "label_smoothing", "label smoothing"
    paper = Paper(
        "Label smoothing",
        "Szegedy, C., Vanhoucke, V., Ioffe, S., Shlens, J. and Wojna, Z. (2016). Rethinking the Inception architecture "
        "for computer vision. IEEE Conference on Computer Vision and Pattern Recognition, 2818–2826.",
    )
    stage = {"on_batch": "targets"}
    off = {"epsilon": 0.0}
    needs_classes = True

    class Settings(MethodSettings):
        """ε."""

        epsilon: float = number(
            "must be a share of 0 or more and below 1, for example regularizer.label_smoothing=0.1",
            ge=0,
            lt=1,
            default=0.1,
        )

    def on_batch(self, batch: Batch) -> Batch:
        """Smooth the targets."""
        epsilon = self.settings.epsilon
        return replace(batch, targets=(1 - epsilon) * batch.shares() + epsilon / batch.num_classes)
