"""Small networks: one with a place for every method, and some of the kinds that methods stumble over."""

import torch
from torch import Tensor, nn

from regsweep.models.residual import SkippableBlock


class Small(nn.Module):
    """A residual network of 8 maps with a place for every method of this project."""

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        *,
        dropout: float = 0.0,
        batch_norm: bool = False,
        spatial_dropout: float = 0.0,
        stochastic_depth: float = 0.0,
    ) -> None:
        super().__init__()
        norm = nn.BatchNorm2d if batch_norm else nn.Identity
        self.stem = nn.Conv2d(input_shape[0], 8, kernel_size=3, stride=2)
        self.block = SkippableBlock(8, 8, norm_layer=norm)
        if stochastic_depth:
            self.block.skip(stochastic_depth)
        self.drop_maps = nn.Dropout2d(spatial_dropout)
        self.drop = nn.Dropout(dropout)
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        maps = self.drop_maps(self.block(self.stem(images_BCHW)))
        logits: Tensor = self.classifier(self.drop(maps.mean((2, 3))))
        return logits


class Unused(Small):
    """It has a layer that no loss depends on."""

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int, **settings: float) -> None:
        super().__init__(input_shape, num_classes, **settings)  # type: ignore[arg-type]
        self.unused = nn.Linear(4, 4)


class Shared(nn.Module):
    """Two layers have the same weight."""

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 64), nn.Linear(64, 64)
        self.second.weight = self.first.weight
        self.classifier = nn.Linear(64, num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.second(self.first(images_BCHW.flatten(1)).relu()).relu())
        return logits


class Transformer(nn.Module):
    """Rows of pixels as tokens, a class token, learned positions, one pre-norm layer."""

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed = nn.Linear(input_shape[2], 16)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.positions = nn.Parameter(torch.randn(1, input_shape[1] + 1, 16) * 0.02)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout, batch_first=True, norm_first=True)
        self.classifier = nn.Linear(16, num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        tokens = self.embed(images_BCHW.flatten(1, 2))
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], dim=1) + self.positions
        logits: Tensor = self.classifier(self.layer(tokens)[:, 0])
        return logits
