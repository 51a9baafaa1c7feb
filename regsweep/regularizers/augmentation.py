"""Augmentation: each image is shifted by some pixels and, where that shows the same, mirrored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regsweep.fields import field
from regsweep.methods import Batch, Method, MethodSettings, Paper, Task


class Augmentation(Method):
    """Shifts of up to `shift` pixels in both directions, edges continued, and flips from left to right.

    The pixels are moved by ``torchvision.transforms.v2``, those images in one call that move alike.
    """

    name, title = "augmentation", "augmentation"
    paper = Paper(
        "Augmentation by shifts and flips",
        "Krizhevsky, A., Sutskever, I. and Hinton, G. E. (2012). ImageNet classification with deep convolutional "
        "neural networks. Advances in Neural Information Processing Systems 25, 1097–1105.",
    )
    stage = {"on_batch": "image"}
    off = {"shift": 0, "flip": False}
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
        if shift:
            places_B2 = torch.randint(0, 2 * shift + 1, (len(images_BCHW), 2))
            images_BCHW = _shifted(images_BCHW, places_B2.tolist(), shift)
        if self.settings.flip:
            from torchvision.transforms.v2 import functional

            is_flipped_B = (torch.randint(2, (len(images_BCHW),)) == 1).to(images_BCHW.device)
            mirrored = functional.horizontal_flip(images_BCHW)
            images_BCHW = torch.where(is_flipped_B[:, None, None, None], mirrored, images_BCHW)
        return replace(batch, inputs=images_BCHW)


def _shifted(images_BCHW: Any, places: list[list[int]], shift: int) -> Any:
    """Return the images, each cut out of itself with continued edges, at its place (row, column)."""
    import torch
    from torchvision.transforms.v2 import functional

    padded = functional.pad(images_BCHW, [shift], padding_mode="edge")
    rows, columns = images_BCHW.shape[-2:]
    shifted = torch.empty_like(images_BCHW)
    for top, left in {(top, left) for top, left in places}:
        alike = [i for i, place in enumerate(places) if place == [top, left]]
        shifted[alike] = functional.crop(padded[alike], top, left, rows, columns)
    return shifted
