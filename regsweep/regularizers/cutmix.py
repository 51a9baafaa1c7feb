"""CutMix: a box of each image is replaced by that of another one, and its target by as much (Yun et al., 2019)."""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import Batch, Mixing, Paper


class CutMix(Mixing):
    """One box for a batch: s ~ Beta(α, α), sides √(1 − s) of the image's, its centre anywhere, clipped to the image.

    The target's share is that of the image's own pixels after the clipping.
    """

    name, title = "cutmix", "CutMix"
    paper = Paper(
        "CutMix",
        "Yun, S., Han, D., Oh, S. J., Chun, S., Choe, J. and Yoo, Y. (2019). CutMix: regularization strategy to train "
        "strong classifiers with localizable features. IEEE International Conference on Computer Vision, 6023–6032.",
    )

    needs_images = True

    class Settings(Mixing.Settings):
        """α; 1: the share is drawn evenly."""

        alpha: float = number(
            "must be a finite number of 0 or more, for example regularizer.cutmix=1.0", ge=0, default=1.0
        )

    def on_batch(self, batch: Batch) -> Batch:
        """Cut a box out of each image and put that of another one there."""
        import torch

        share, other = self.draw(batch)
        size = batch.inputs.shape[-2:]
        centre = [int(torch.randint(side, ())) for side in size]
        half = [round(side * (1 - share) ** 0.5 / 2) for side in size]
        (top, bottom), (left, right) = (
            (max(c - h, 0), min(c + h, side)) for c, h, side in zip(centre, half, size, strict=True)
        )
        inputs = batch.inputs.clone()
        inputs[..., top:bottom, left:right] = batch.inputs[other, ..., top:bottom, left:right]
        own = 1 - (bottom - top) * (right - left) / (size[0] * size[1])
        return batch.mixed(other, own, inputs)
