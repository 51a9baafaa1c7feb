"""Random erasing: a random box of an image is set to the middle of the pixels' range (Zhong et al., 2020)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import Batch, Method, MethodSettings, Paper

if TYPE_CHECKING:
    from torch import Tensor

SHARES, RATIOS, TRIES = (0.02, 0.33), (0.3, 3.3), 10
"""Bounds of a box's share of the image and of height by width, and how often they are drawn, as in torchvision."""


class RandomErasing(Method):
    """As torchvision's ``RandomErasing``, image by image: with probability p a box of 2 to 33 % of the image.

    Of a whole batch torchvision would erase the same box in each image, and image by image it is slow.
    """

    name, title = "random_erasing", "random erasing"
    paper = Paper(
        "Random erasing",
        "Zhong, Z., Zheng, L., Kang, G., Li, S. and Yang, Y. (2020). Random erasing data augmentation. AAAI Conference "
        "on Artificial Intelligence, 34, 13001–13008.",
    )
    stage = {"on_batch": "image"}
    off = {"p": 0.0}
    needs_images = True
    example = {"p": 1.0}

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability from 0 to 1, for example regularizer.random_erasing=0.25", ge=0, le=1, default=0.25
        )

    def on_batch(self, batch: Batch) -> Batch:
        """Erase a box of some images."""
        import torch

        rows, columns = batch.inputs.shape[-2:]
        boxes_4B = _draw_boxes(len(batch.inputs), rows, columns)
        boxes_4B[1] *= torch.rand(len(batch.inputs)) < self.settings.p  # a box of height 0 erases nothing
        top_B1, height_B1, left_B1, width_B1 = boxes_4B.to(batch.inputs.device, non_blocking=True).unsqueeze(-1)
        row_H, column_W = (torch.arange(side, device=batch.inputs.device) for side in (rows, columns))
        is_row_BH = (row_H >= top_B1) & (row_H < top_B1 + height_B1)
        is_column_BW = (column_W >= left_B1) & (column_W < left_B1 + width_B1)
        is_erased_B1HW = (is_row_BH[:, :, None] & is_column_BW[:, None, :])[:, None]
        return replace(batch, inputs=batch.inputs.clone().masked_fill_(is_erased_B1HW, 0))


def _draw_boxes(num_images: int, rows: int, columns: int) -> Tensor:
    """Return first row, height, first column and width of a box in each image, whole numbers (4, B).

    Share of the image and ratio of the sides are drawn until the box is smaller than the image, ten times at most; then
    its place is. Where none of the ten is, the box has height 0.
    """
    import torch

    areas_BT = rows * columns * torch.empty(num_images, TRIES).uniform_(*SHARES)
    ratios_BT = torch.empty(num_images, TRIES).uniform_(*map(math.log, RATIOS)).exp()
    heights_BT, widths_BT = (areas_BT * ratios_BT).sqrt().round(), (areas_BT / ratios_BT).sqrt().round()
    fits_BT = (heights_BT < rows) & (widths_BT < columns)
    first_B1 = fits_BT.int().argmax(1, keepdim=True)
    height_B, width_B = ((sides * fits_BT).gather(1, first_B1).squeeze(1) for sides in (heights_BT, widths_BT))
    top_B, left_B = (torch.rand(num_images) * (room + 1) for room in (rows - height_B, columns - width_B))
    return torch.stack([top_B.floor(), height_B, left_B.floor(), width_B])
