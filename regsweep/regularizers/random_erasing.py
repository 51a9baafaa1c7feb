"""Random erasing: a random box of an image is set to the middle of the pixels' range (Zhong et al., 2020)."""

from __future__ import annotations

from dataclasses import replace

from regsweep.fields import number
from regsweep.methods import Batch, Method, MethodSettings, Paper


class RandomErasing(Method):
    """torchvision's ``RandomErasing``, image by image: with probability p a box of 2 to 33 % of the image."""

    name, title = "random_erasing", "random erasing"
    paper = Paper(
        "Random erasing",
        "Zhong, Z., Zheng, L., Kang, G., Li, S. and Yang, Y. (2020). Random erasing data augmentation. AAAI Conference "
        "on Artificial Intelligence, 34, 13001–13008.",
    )
    stage = {"on_batch": "image"}
    off = {"p": 0.0}
    example = {"p": 1.0}

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability from 0 to 1, for example regularizer.random_erasing=0.25", ge=0, le=1, default=0.25
        )

    def on_batch(self, batch: Batch) -> Batch:
        """Erase a box of some images."""
        import torch
        from torchvision.transforms import v2

        erase = v2.RandomErasing(p=1.0)
        chosen = (torch.rand(len(batch.inputs)) < self.settings.p).nonzero().flatten().tolist()
        inputs = batch.inputs.clone()
        for place in chosen:  # of a whole batch the transform would erase the same box in each image
            inputs[place] = erase(batch.inputs[place])
        return replace(batch, inputs=inputs)
