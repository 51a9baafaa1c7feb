"""Data files are there and unchanged, or an error names the one that is not.

torchvision checks the archives that it downloads, not the files that it later reads.
"""

import gzip
import hashlib
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from regsweep.config import DatasetConfig
from regsweep.errors import DatasetError

if TYPE_CHECKING:
    from torchvision.datasets import MNIST

# SHA-256 of the unpacked files.
_IDX_DIGESTS = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}
_IDX_SIZES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 28 * 28,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 28 * 28,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}


def require_idx_files(config: DatasetConfig, cls: "type[MNIST]") -> None:
    """Check the four files of MNIST, Fashion-MNIST or KMNIST, downloading them where allowed.

    MNIST and Fashion-MNIST are checked against the SHA-256 of the unpacked files. No such digest is published
    for KMNIST: its files are compared with their archives, which torchvision leaves beside them and whose MD5
    it knows; where the archives were removed, only the sizes can be checked.
    """
    folder = Path(config.root) / cls.__name__ / "raw"
    if any(not (folder / name).is_file() for name in _IDX_SIZES):
        _download(config, cls, folder)
    archive_digests = {Path(name).stem: md5 for name, md5 in cls.resources}
    for name, size in _IDX_SIZES.items():
        path = folder / name
        digest = _IDX_DIGESTS.get(config.name, {}).get(name) or _archived_digest(
            folder / f"{name}.gz", archive_digests[name]
        )
        if digest is not None:
            _require_digest(path, "sha256", digest)
        elif path.stat().st_size != size:
            raise DatasetError(f"{path}: damaged: {path.stat().st_size} bytes instead of {size}; {_REMEDY}")


def require_cifar10_files(config: DatasetConfig) -> None:
    """Check the batches of CIFAR-10 against torchvision's MD5 sums, downloading them where allowed."""
    from torchvision.datasets import CIFAR10  # noqa: PLC0415

    folder = Path(config.root) / CIFAR10.base_folder
    files = [*CIFAR10.train_list, *CIFAR10.test_list, [CIFAR10.meta["filename"], CIFAR10.meta["md5"]]]
    if any(not (folder / name).is_file() for name, _ in files):
        _download(config, CIFAR10, folder)
    for name, md5 in files:
        _require_digest(folder / name, "md5", md5)


_REMEDY = "delete it and run again with dataset.download=true"


def _require_digest(path: Path, algorithm: str, expected: str) -> None:
    actual = _digest(path, algorithm)
    if actual != expected:
        raise DatasetError(f"{path}: damaged: expected {algorithm} {expected}, found {actual}; {_REMEDY}")


def _digest(path: Path, algorithm: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error


def _archived_digest(archive: Path, md5: str) -> str | None:
    """Return the SHA-256 of what `archive` holds, or None where there is no such archive."""
    if not archive.is_file():
        return None
    _require_digest(archive, "md5", md5)
    with gzip.open(archive) as content:
        return hashlib.sha256(content.read()).hexdigest()


def _download(config: DatasetConfig, cls: type, folder: Path) -> None:
    if not config.download:
        # Hydra's grammar takes an unusual path in quotes, and the shell takes those in quotes of its own.
        is_plain = re.fullmatch(r"[\w./~-]+", config.root, re.ASCII)
        root = shlex.quote(f"dataset.root={config.root if is_plain else json.dumps(config.root)}")
        command = f"python -m regsweep dataset={config.name} {root} dataset.download=true"
        raise DatasetError(f"dataset={config.name}: not found in {folder}; fetch it with: {command}")
    try:
        for train in (True, False):
            cls(config.root, train=train, download=True)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"dataset={config.name}: could not be downloaded into {config.root} ({reason})") from error
