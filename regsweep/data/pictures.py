"""One picture as a viewer shows it: turned as its camera was held, on white where it is transparent, 8 bits a channel.

The first frame stands for an animation.
"""

import functools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from regsweep.errors import DatasetError

# Others are no pictures of one scene (icons, fonts, films, layers) or run another program (EPS).
_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")

_REDUCING_GAP = 3
"""A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, as long as that is so many times the size that is needed.

Of photos the result differs from that of a full decoding by 2 of 255 levels at most. Of drawings it differs by more,
and is then the nearer one to what was drawn: averages are taken before the ringing at edges is clipped.
"""


@functools.cache
def _readable() -> tuple[str, ...]:
    """Return the formats that this Pillow was built to read."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@functools.cache
def suffixes() -> frozenset[str]:
    """Return the suffixes (lower case, with the dot) of the files that `read` can read."""
    known = Image.registered_extensions()
    return frozenset(suffix for suffix, name in known.items() if name in _readable())


def read(path: Path, size: int | None) -> Tensor:
    """Return the picture in `path`, uint8 of shape (C, H, W): one channel where it has no colour, else three.

    Args:
        path: the file.
        size: rows and columns to resize it to; None: as it is.

    Raises:
        DatasetError: naming the file, when it is damaged, too large to open safely, or has numbers without a range.
    """
    try:
        # Warnings name no file; the pixels can be read all the same, or an error follows. An open file is not mapped
        # into memory, where Pillow gives a turned TIFF the wrong rows.
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as file,
            Image.open(file, formats=_readable()) as picture,
        ):
            pixels = _pixels(picture, size)
    except DatasetError as error:
        raise DatasetError(f"{shown(path)}: {error}") from error
    except UnidentifiedImageError as error:
        read_ones = ", ".join(_readable())
        raise DatasetError(
            f"{shown(path)}: damaged or not an image (none of {read_ones}); mend or remove it"
        ) from error
    except Image.DecompressionBombError as error:
        size_limit = str(error).removesuffix(", could be decompression bomb DOS attack.")
        raise DatasetError(f"{shown(path)}: too large to be read ({size_limit}); shrink or remove it") from error
    except Exception as error:  # a damaged file may lead to any
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DatasetError(f"{shown(path)}: damaged or not an image ({reason}); mend or remove it") from error
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)


def shown(path: Path | str) -> str:
    """Return `path` in signs that can be printed, on one line."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _pixels(picture: Any, size: int | None) -> np.ndarray:
    """Return what a viewer shows, uint8 of shape (H, W) or (H, W, 3)."""
    if size is not None:
        picture.draft(None, (_REDUCING_GAP * size, _REDUCING_GAP * size))
    ImageOps.exif_transpose(picture, in_place=True)
    plain = _plain(picture)
    if size is not None:
        plain = plain.resize((size, size), Image.Resampling.BILINEAR)
    return np.array(plain)


def _plain(picture: Any) -> Any:
    """Return the picture in mode L or RGB."""
    if picture.mode.startswith(("I", "F")):
        return _eight_bits(picture)
    mode = "L" if picture.mode in ("1", "L", "LA") else "RGB"
    if not picture.has_transparency_data:
        return picture.convert(mode)
    coloured = picture.convert("RGBA")
    ground = Image.new("RGBA", coloured.size, "white")
    ground.alpha_composite(coloured)
    return ground.convert(mode)


def _eight_bits(picture: Any) -> Any:
    """Return a grey picture of 16 bits in mode L; Pillow's own conversion makes all but the darkest pixels white."""
    has_16_bits = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM"))
    if not has_16_bits:
        raise DatasetError(f"its numbers have no range (mode {picture.mode}); convert it to 8 or 16 bits a channel")
    values = np.asarray(picture).astype(np.int64)
    if "transparency" in picture.info:
        values[values == picture.info["transparency"]] = 65535
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
