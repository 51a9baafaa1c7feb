"""Data sets that others published: real files where this machine has them, files of the same formats where not."""

import gzip
import hashlib
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from regsweep.config import RunConfig
from regsweep.data import Dataset, load_dataset
from regsweep.errors import DatasetError

Load = Callable[..., Dataset]


@pytest.fixture
def load(configure: Callable[..., RunConfig]) -> Load:
    def run(*overrides: str) -> Dataset:
        return load_dataset(configure(*overrides).dataset)

    return run


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_real_sets_load_whole(load: Load, real_data: Path, name: str) -> None:
    dataset = load(f"dataset={name}", f"dataset.root={real_data}", "dataset.val_fraction=0")
    assert (len(dataset.train), len(dataset.test), dataset.input_shape) == (60_000, 10_000, (1, 28, 28))
    assert torch.bincount(dataset.test.targets).tolist() == (
        [1000] * 10 if name == "fashion_mnist" else [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )


@pytest.mark.parametrize("damage", ["one bit flipped", "truncated", "empty"])
def test_a_damaged_file_is_named_with_both_digests(load: Load, real_data: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(real_data / "MNIST", tmp_path / "MNIST")
    path = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes({"one bit flipped": bytes(content), "truncated": bytes(content[:-1]), "empty": b""}[damage])
    with pytest.raises(DatasetError) as error:
        load("dataset=mnist", f"dataset.root={tmp_path}")
    message = str(error.value)
    assert str(path) in message
    assert "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" in message
    assert hashlib.sha256(path.read_bytes()).hexdigest() in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "cifar10"])
def test_a_missing_set_names_the_command_that_fetches_it(load: Load, name: str) -> None:
    with pytest.raises(
        DatasetError, match=f"fetch it with: python -m regsweep dataset={name} dataset.root=data dataset.download=true"
    ):
        load(f"dataset={name}")


def write_idx_files(folder: Path, images: int) -> dict[str, bytes]:
    """Write four files in MNIST's format, of the sizes of the real ones, and return them."""
    folder.mkdir(parents=True)
    files = {}
    rng = np.random.default_rng(0)
    for name, count in (("train", 60_000), ("t10k", images)):
        grey = rng.integers(0, 256, (count, 1, 1), dtype=np.uint8)  # one of each image: noise takes seconds to compress
        pixels = np.repeat(grey, 784).reshape(count, 28, 28)
        labels = np.arange(count, dtype=np.uint8) % 10
        files[f"{name}-images-idx3-ubyte"] = np.array([0x803, count, 28, 28], ">i4").tobytes() + pixels.tobytes()
        files[f"{name}-labels-idx1-ubyte"] = np.array([0x801, count], ">i4").tobytes() + labels.tobytes()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return files


def test_kmnist_is_compared_with_its_archives(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KMNIST is not on this machine: files of its format, and the digests of their archives, stand for it."""
    folder = tmp_path / "KMNIST" / "raw"
    files = write_idx_files(folder, 10_000)
    resources = []
    for name, content in files.items():
        archive = gzip.compress(content, compresslevel=1)
        (folder / f"{name}.gz").write_bytes(archive)
        resources.append((f"{name}.gz", hashlib.md5(archive).hexdigest()))  # noqa: S324
    monkeypatch.setattr(datasets.KMNIST, "resources", resources)
    dataset = load("dataset=kmnist", f"dataset.root={tmp_path}")
    assert (len(dataset.train), len(dataset.test)) == (54_000, 10_000)
    load_dataset.cache_clear()
    damaged = folder / "train-labels-idx1-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x07")
    with pytest.raises(DatasetError, match=f"{damaged}: damaged: expected sha256"):
        load("dataset=kmnist", f"dataset.root={tmp_path}")
    for archive_path in folder.glob("*.gz"):
        archive_path.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(DatasetError, match="60007 bytes instead of 60008"):
        load("dataset=kmnist", f"dataset.root={tmp_path}")


def test_cifar10_is_checked_against_torchvision_s_digests(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CIFAR-10 is not on this machine: small batches of its format stand for it."""
    folder = tmp_path / datasets.CIFAR10.base_folder
    folder.mkdir()
    rng = np.random.default_rng(0)
    digests = {}
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        content = pickle.dumps(
            {"data": rng.integers(0, 256, (100, 3072), dtype=np.uint8), "labels": [i % 10 for i in range(100)]}
        )
        (folder / name).write_bytes(content)
        digests[name] = hashlib.md5(content).hexdigest()  # noqa: S324
    meta = pickle.dumps({"label_names": [str(i) for i in range(10)]})
    (folder / "batches.meta").write_bytes(meta)
    monkeypatch.setattr(
        datasets.CIFAR10, "train_list", [[name, md5] for name, md5 in digests.items() if name != "test_batch"]
    )
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [["test_batch", digests["test_batch"]]])
    monkeypatch.setattr(
        datasets.CIFAR10,
        "meta",
        {"filename": "batches.meta", "key": "label_names", "md5": hashlib.md5(meta).hexdigest()},  # noqa: S324
    )
    dataset = load("dataset=cifar10", f"dataset.root={tmp_path}")
    assert (len(dataset.train), len(dataset.test), dataset.input_shape) == (450, 100, (3, 32, 32))
    load_dataset.cache_clear()
    (folder / "data_batch_3").write_bytes(b"x")
    with pytest.raises(DatasetError, match=f"data_batch_3: damaged: expected md5 {digests['data_batch_3']}"):
        load("dataset=cifar10", f"dataset.root={tmp_path}")
