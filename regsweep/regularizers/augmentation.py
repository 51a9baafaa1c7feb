"""Augmentation: each image is shifted by some pixels and, where that shows the same, mirrored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regsweep.fields import field
from regsweep.methods import Batch, Method, MethodSettings, Paper, Task


class Augmentation(Method):
    """Shifts of up to `shift` pixels in both directions, edges continued, and flips from left to right.

    Each pixel is taken from its place in the image before, all images in one operation.
    """

    name, title = "augmentation", "augmentation"
    paper = Paper(
        "Augmentation by shifts and flips",
        "Krizhevsky, A., Sutskever, I. and Hinton, G. E. (2012). ImageNet classification with deep convolutional "
        "neural networks. Advances in Neural Information Processing Systems 25, 1097–1105.",
    )
    stage = {"on_batch": "image"}
    off = {"shift": 0, "flip": False}
    needs_images = True
    example = {"shift": 2}

    class Settings(MethodSettings):
        """How far, and whether images are mirrored."""

        shift: int = field(
            "must be a whole number of pixels, 0 or more, for example regularizer.augmentation=2", ge=0, default=1
        )
        flip: bool = field("must be true or false", default=False)

    @classmethod
    def describe(cls, settings: Any) -> str:
        """Return how far and whether mirrored, in words."""
        shift = f"shifts of up to {settings.shift} px" if settings.shift else ""
        return f"augmentation ({' and '.join(filter(None, [shift, 'flips' if settings.flip else '']))})"

    def check(self, task: Task) -> None:
        """Refuse a shift out of the image, and flips of images that show something else when mirrored."""
        _, rows, columns = task.input_shape
        if self.settings.shift >= min(rows, columns) / 2:
            raise self.refuse("shift", f"must be below half a side of the images, which are {rows}×{columns}")
        if self.settings.flip and task.is_mirrored is False:
            raise self.refuse("flip", f"a mirrored image of {task.dataset} shows something else; set it to false")

    def on_batch(self, batch: Batch) -> Batch:
        """Shift and flip the images, each by draws of its own."""
        import torch

        images_BCHW, shift = batch.inputs, self.settings.shift
        num_images, _, rows, columns = images_BCHW.shape
        offsets_B2 = torch.randint(-shift, shift + 1, (num_images, 2))
        is_flipped_B1 = torch.randint(1 + self.settings.flip, (num_images, 1)).bool()
        rows_BH = (offsets_B2[:, :1] + torch.arange(rows)).clamp(0, rows - 1)
        columns_BW = (offsets_B2[:, 1:] + torch.arange(columns)).clamp(0, columns - 1)
        columns_BW = torch.where(is_flipped_B1, columns_BW.flip(1), columns_BW)
        device = images_BCHW.device
        places = (torch.arange(num_images)[:, None, None], rows_BH[:, :, None], columns_BW[:, None, :])
        moved_BHWC = images_BCHW.permute(0, 2, 3, 1)[tuple(each.to(device, non_blocking=True) for each in places)]
        return replace(batch, inputs=moved_BHWC.permute(0, 3, 1, 2))
