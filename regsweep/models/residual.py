"""torchvision's residual block, which stochastic depth may skip in training."""

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock
from torchvision.ops import StochasticDepth


class SkippableBlock(BasicBlock):  # type: ignore[misc]
    """A basic block of a ResNet: relu(branch(x) + shortcut(x)), its branch skipped with a probability."""

    def __init__(self, *arguments: object, **settings: object) -> None:
        super().__init__(*arguments, **settings)
        self.branch_or_none: nn.Module = nn.Identity()

    def skip(self, p: float) -> None:
        """Let the branch be skipped with probability `p`, for each image by itself; else it is divided by 1 − p."""
        self.branch_or_none = StochasticDepth(p, "row")

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """Return maps of the same number of images."""
        shortcut = maps_BCHW if self.downsample is None else self.downsample(maps_BCHW)
        branch = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(maps_BCHW)))))
        summed = self.branch_or_none(branch)
        summed += shortcut
        maps: Tensor = self.relu(summed)
        return maps
