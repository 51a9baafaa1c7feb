"""torchvision's ResNet-18, its stem fitted to small images."""

from torch import Tensor, nn


class ResNet18(nn.Module):
    """ResNet-18 (He et al., 2016) with a 3×3 stem of stride 1 and no pooling, as is usual for 32×32 images.

    BatchNorm is its habit; without it, the normalization layers pass their input through. Dropout stands
    before the classifier, after the last BatchNorm.

    Args:
        input_shape: channels, rows and columns of an image.
        num_classes: number of logits.
        dropout: probability of dropping a unit before the last layer.
        batch_norm: whether to normalize.
        stochastic_depth: probability of skipping the last of the 8 residual blocks; that of the others grows linearly.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float = 0.0,
        batch_norm: bool = True,
        stochastic_depth: float = 0.0,
    ) -> None:
        super().__init__()
        if len(input_shape) != len(("channels", "rows", "columns")):
            raise ValueError("needs images; choose mlp or linear")
        # A second of import that other networks do not need.
        from torchvision.models import ResNet  # noqa: PLC0415

        from regsweep.models.residual import SkippableBlock  # noqa: PLC0415

        norm_layer = nn.BatchNorm2d if batch_norm else nn.Identity
        self.network = ResNet(SkippableBlock, [2, 2, 2, 2], num_classes=num_classes, norm_layer=norm_layer)
        blocks = [module for module in self.network.modules() if isinstance(module, SkippableBlock)]
        for place, block in enumerate(blocks, start=1):
            if stochastic_depth:
                block.skip(stochastic_depth * place / len(blocks))
        self.network.conv1 = nn.Conv2d(input_shape[0], 64, kernel_size=3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.network.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.network.maxpool = nn.Identity()
        self.network.fc = nn.Sequential(nn.Dropout(dropout), nn.Linear(512, num_classes))

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        logits_BK: Tensor = self.network(images_BCHW)
        return logits_BK
