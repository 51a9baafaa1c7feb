"""The article's convolutional network."""

from torch import Tensor, nn


class CNN(nn.Module):
    """Two 3×3 convolutions (32 and 64 channels), each with BatchNorm2d, ReLU and 2×2 max pooling; 128 units
    with ReLU and dropout; the classifier.

    Pooling stands before ReLU: both orders give the same values, and this one passes ReLU a quarter of them,
    which it changes in place.

    Args:
        input_shape: channels, rows and columns of an image; at least 4×4.
        num_classes: number of logits.
        dropout: probability of dropping a unit before the last layer.
        batch_norm: whether to normalize after each convolution.
        spatial_dropout: probability of dropping a feature map after each pooling.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float = 0.0,
        batch_norm: bool = False,
        spatial_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(input_shape) != len(("channels", "rows", "columns")):
            raise ValueError("needs images; choose mlp or linear")
        channels, rows, columns = input_shape
        if min(rows, columns) < 4:  # noqa: PLR2004
            raise ValueError("two 2×2 poolings need images of at least 4×4")
        self.conv1 = nn.Conv2d(channels, 32, kernel_size=3, padding=1)
        self.bn1 = nn.BatchNorm2d(32) if batch_norm else nn.Identity()
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(64) if batch_norm else nn.Identity()
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU(inplace=True)
        self.drop_maps = nn.Dropout2d(spatial_dropout) if spatial_dropout else nn.Identity()
        self.fc1 = nn.Linear(64 * (rows // 4) * (columns // 4), 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        maps = self.drop_maps(self.relu(self.pool(self.bn1(self.conv1(images_BCHW)))))
        maps = self.drop_maps(self.relu(self.pool(self.bn2(self.conv2(maps)))))
        units_BD = self.relu(self.fc1(maps.flatten(1)))
        logits_BK: Tensor = self.fc2(self.dropout(units_BD))
        return logits_BK
