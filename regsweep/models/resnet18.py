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
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float = 0.0,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        from torchvision.models import resnet18  # noqa: PLC0415  (a second of import that other networks do not need)

        norm_layer = nn.BatchNorm2d if batch_norm else nn.Identity
        self.network = resnet18(num_classes=num_classes, norm_layer=norm_layer)
        self.network.conv1 = nn.Conv2d(input_shape[0], 64, kernel_size=3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.network.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.network.maxpool = nn.Identity()
        self.network.fc = nn.Sequential(nn.Dropout(dropout), nn.Linear(512, num_classes))

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        logits_BK: Tensor = self.network(images_BCHW)
        return logits_BK
