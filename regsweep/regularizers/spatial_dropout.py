"""Spatial dropout: in training each feature map is set to 0 as a whole with probability p (Tompson et al., 2015)."""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper


class SpatialDropout(Method):
    """`torch.nn.Dropout2d` where the network has a place: the argument ``spatial_dropout`` of its constructor."""

    name, title = "spatial_dropout", "spatial dropout"
    paper = Paper(
        "Spatial dropout",
        "Tompson, J., Goroshin, R., Jain, A., LeCun, Y. and Bregler, C. (2015). Efficient object localization using "
        "convolutional networks. IEEE Conference on Computer Vision and Pattern Recognition, 648–656.",
    )
    off = {"p": 0.0}
    needs_images = True
    arguments = ("spatial_dropout",)

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability of dropping, 0 or more and below 1, for example regularizer.spatial_dropout=0.1",
            ge=0,
            lt=1,
            default=0.1,
        )
