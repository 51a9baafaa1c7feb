"""A folder of images: which folder is what, what a picture's pixels are, and what is refused in one line."""

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch
from PIL import Image

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import Dataset, describe, image_folder, load_dataset, pictures
from regsweep.data.layout import find_layout
from regsweep.errors import ConfigError, DatasetError
from regsweep.training import Training
from tests.conftest import Regsweep

Load = Callable[..., Dataset]

A_FIFTH = "a fifth of each class"
THE_RULE = (
    "a class is a folder of images, a split a folder of classes named train or training; val, valid or validation; "
    "test or testing"
)


@pytest.fixture
def load(configure: Callable[..., RunConfig]) -> Load:
    def run(*overrides: str) -> Dataset:
        return load_dataset(configure("dataset=image_folder", "dataset.root=pictures", *overrides).dataset)

    return run


def write_images(folder: Path, count: int = 5, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> None:
    """Write noise, `size` columns × rows, into files that differ."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(os.fsencode(folder)))
    for index in range(count):
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{index}.png")


def lay_out(*folders: str) -> None:
    """Make folders under ``pictures``: ``train/a:5`` holds five images, ``train/a`` none."""
    for entry in folders:
        name, _, count = entry.partition(":")
        write_images(Path("pictures", name), int(count or 0), size=(4, 3))


BOTH = ("train/a:10", "train/b:10")
TAKEN = [
    # Classes alone, with and without names of splits among them.
    (("a:20", "b:10"), (19, 5, 6), ("", "", A_FIFTH), "ab"),
    (("train:10", "bus:10", "tram:10"), (19, 5, 6), ("", "", A_FIFTH), ("bus", "train", "tram")),
    (("valid:10", "invalid:10"), (12, 4, 4), ("", "", A_FIFTH), ("invalid", "valid")),
    # Every name of a split, in any case.
    ((*BOTH, "test/a:2", "test/b:3"), (16, 4, 5), ("train/", "", "test/"), "ab"),
    (("Training/a:10", "Training/b:10", "TESTING/a:2", "TESTING/b:3"), (16, 4, 5), ("Training/", "", "TESTING/"), "ab"),
    ((*BOTH, "val/a:1", "val/b:2", "test/a:2", "test/b:3"), (20, 3, 5), ("train/", "val/", "test/"), "ab"),
    ((*BOTH, "Valid/a:1", "Valid/b:2", "test/a:2", "test/b:3"), (20, 3, 5), ("train/", "Valid/", "test/"), "ab"),
    ((*BOTH, "validation/a:1", "validation/b:2"), (16, 3, 4), ("train/", "validation/", f"{A_FIFTH} of train/"), "ab"),
    ((*BOTH,), (12, 4, 4), ("train/", "", f"{A_FIFTH} of train/"), "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("folders", "sizes", "origins", "classes"), TAKEN, ids=[" ".join(row[0]) for row in TAKEN])
def test_folders_are_taken_for(
    load: Load, folders: tuple[str, ...], sizes: tuple[int, ...], origins: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    lay_out(*folders)
    dataset = load()
    assert dataset.outputs == tuple(classes)
    assert {name: (len(split), split.origin) for name, split in dataset.splits.items()} == dict(
        zip(("train", "validation", "test"), zip(sizes, origins, strict=True), strict=True)
    )
    assert dataset.skipped == ""


def test_no_image_is_in_two_splits_and_each_has_its_label(load: Load) -> None:
    lay_out("train/a:10", "train/b:10", "val/a:3", "val/b:4")
    dataset = load()
    images = {name: {image.numpy().tobytes() for image in s.inputs} for name, s in dataset.splits.items()}
    assert len(set.union(*images.values())) == 27
    for split in dataset.splits.values():
        for image, label in zip(split.inputs, split.targets.tolist(), strict=True):
            paths = [path for path in Path("pictures").rglob("*.png") if path.parent.name == "ab"[label]]
            assert any(torch.equal(pictures.read(path, None) / 127.5 - 1, image) for path in paths)


REFUSED = [
    (("train/a:1", "train/b:1", "Training/a:1"), "Training/ and train/ are both named as the train split; keep one"),
    (("train/a:1", "train/b:1", "val/a:1", "VALID/a:1"), "VALID/ and val/ are both named as the validation split"),
    (("test/a:1", "val/a:1"), f"holds test/ and val/ but no training images; {THE_RULE}"),
    (("train:2", "test:2"), f"pictures/train: holds no folder for each class; {THE_RULE}"),
    (("a/x:2", "b/x:2"), f"pictures/a: holds folders and no images; {THE_RULE}"),
    (("a:2", "b/x:2"), "pictures/b: holds folders and no images"),
    (("train/a:2", "train/b/x:2", "test/a:1", "test/b:1"), "pictures/train/b: holds folders and no images"),
    (("inner/train/a:2", "inner/train/b:2"), "pictures/inner: holds folders and no images"),
    (("train/a:2", "train/b:2", "test/a:1", "test/c:1"),
     "train/ and test/ must hold the same classes; not in both: b, c"),
    (("train/a:2", "train/b:2", "val/a:1"), "train/ and val/ must hold the same classes; not in both: b"),
    (("a:2", "b"), "pictures/b: holds no image that can be read; add some, or remove the folder"),
    (("a:2",), "pictures: holds a single class, a; two or more are needed"),
    (("train/a:2",), "pictures/train: holds a single class, a"),
    (("",), "pictures: holds no folder for each class"),
    ((":3",), "pictures: holds no folder for each class"),
    (("a:9", "b:1"), "too few examples for a test set of a fifth of each class: class b has 1 of them"),
    (("train/a:1", "train/b:1", "test/a:1", "test/b:1"),
     "too few examples to validate on a fifth of each class: class a has 1 of them, and needs 2 or more; add"),
]  # fmt: skip


@pytest.mark.parametrize(("folders", "message"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_folders_are_refused(load: Load, folders: tuple[str, ...], message: str) -> None:
    lay_out(*folders)
    with pytest.raises(DatasetError) as refused:
        load()
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("val_fraction", "0.2", r"dataset\.val_fraction=0\.2: the validation images are those in pictures/val; leave"),
        ("val_fraction", "0", r"dataset\.val_fraction=0\.0: the validation images are those in pictures/val; leave"),
        ("root", "nowhere", r"dataset\.root=nowhere: no such folder"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(load: Load, name: str, value: str, message: str) -> None:
    lay_out(*BOTH, "val/a:1", "val/b:1")
    with pytest.raises((ConfigError, DatasetError), match=message):
        load(f"dataset.{name}={value}")


def test_what_is_skipped_is_named_with_its_number() -> None:
    lay_out(*BOTH, "test/a:1", "test/b:1", "notes:1", "train/.ipynb_checkpoints:2", "train/a/more:3", "__MACOSX/a:1")
    for name in (
        "README",
        "train/labels.csv",
        "train/a/x.heic",
        "train/a/y.HEIC",
        "test/b/.DS_Store",
        "test/b/._0.png",
    ):
        Path("pictures", name).write_bytes(b"")
    write_images(Path("pictures/train"), 1)
    layout = find_layout(Path("pictures"))
    assert set(layout.skipped.split(", ")) == {
        "1 without a suffix", "1 .csv", "2 .heic", "2 hidden", "1 notes/", "1 __MACOSX/", "1 .ipynb_checkpoints/",
        "1 more/", "1 .png outside any class",
    }  # fmt: skip
    assert layout.classes == ("a", "b")


def test_a_class_without_a_readable_image_is_named_with_what_it_holds() -> None:
    lay_out("a:2", "b")
    for index in range(3):
        Path("pictures/b", f"{index}.heic").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"pictures/b: holds no image that can be read \(3 \.heic\)"):
        find_layout(Path("pictures"))


def test_linked_folders_are_classes_and_upper_case_suffixes_are_read(load: Load) -> None:
    write_images(Path("elsewhere"), 5)
    lay_out("b:0")
    Path("pictures/a").symlink_to(Path("elsewhere").absolute())
    for path in Path("elsewhere").iterdir():
        Path("pictures/b", f"{path.stem}.PNG").write_bytes(path.read_bytes())
    assert [len(split) for split in load().splits.values()] == [6, 2, 2]


def test_names_that_are_no_text_are_shown(load: Load) -> None:
    lay_out("a:5")
    name = os.fsdecode(b"caf\xe9\n")
    try:
        write_images(Path("pictures", name), size=(4, 3))
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    dataset = load()
    assert dataset.outputs == ("a", r"caf\udce9\n")
    "\n".join(describe(dataset)).encode()
    Path("pictures", name, "0.png").write_bytes(b"")
    load_dataset.cache_clear()
    with pytest.raises(DatasetError) as refused:
        load()
    assert str(refused.value).startswith(r"pictures/caf\udce9\n/0.png: damaged or not an image")


def test_sizes_shares_and_what_was_skipped_are_described(load: Load) -> None:
    lay_out("train/cat:20", "train/dog:10", "val/cat:1", "val/dog:3")
    Path("pictures/train/cat/x.txt").write_bytes(b"")
    assert describe(load()) == [
        "data         image_folder: train 24 (train/) / validation 4 (val/) / "
        "test 6 (a fifth of each class of train/), 2 classes, 3×4×3",
        "classes      cat: 16, dog: 8 training labels",
        "majority     cat: 0.6667 of train, 0.2500 of validation, 0.6667 of test",
        "skipped      1 .txt",
    ]


def test_many_classes_are_described_by_the_smallest_and_the_largest(load: Load) -> None:
    lay_out(*(f"{name}:{10 + 5 * (name == 'c')}" for name in "abcdefghijkl"))
    assert describe(load("dataset.val_fraction=0"))[1] == "classes      from 8 (a) to 12 (c) training labels"


# What a viewer shows, at (row 0, column 0) and (0, 1).
def png(picture: Image.Image, **settings: object) -> bytes:
    return saved(picture, "PNG", **settings)


def saved(picture: Image.Image, name: str, **settings: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, name, **settings)
    return content.getvalue()


def two(mode: str, *pixels: object) -> Image.Image:
    picture = Image.new(mode, (2, 1))
    for column, pixel in enumerate(pixels):
        picture.putpixel((column, 0), pixel)  # type: ignore[arg-type]
    return picture


def palette() -> Image.Image:
    picture = two("P", 0, 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    return picture


SIXTEEN = np.array([[0x1234, 65535]], dtype=np.uint16)
WHITE = [255, 255, 255]
SHOWN = {
    "grey": (png(two("L", 7, 200)), [[7], [200]]),
    "black and white": (png(two("1", 0, 255)), [[0], [255]]),
    "colour": (png(two("RGB", (1, 2, 3), (4, 5, 6))), [[1, 2, 3], [4, 5, 6]]),
    "transparent": (png(two("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))), [WHITE, [0, 0, 0]]),
    "half transparent": (png(two("RGBA", (0, 0, 0, 128), (255, 0, 0, 51))), [[127] * 3, [255, 204, 204]]),
    "transparent grey": (png(two("LA", (0, 0), (0, 255))), [[255], [0]]),
    "transparent by key": (png(two("L", 0, 9), transparency=0), [[255], [9]]),
    "palette": (png(palette()), [[255, 0, 0], [0, 0, 255]]),
    "palette, transparent": (png(palette(), transparency=1), [[255, 0, 0], WHITE]),
    "palette, alpha": (png(palette(), transparency=bytes([0, 255])), [WHITE, [0, 0, 255]]),
    "GIF, transparent": (saved(palette(), "GIF", transparency=1), [[255, 0, 0], WHITE]),
    "GIF, first frame": (
        saved(two("L", 7, 9), "GIF", save_all=True, append_images=[two("L", 200, 100)]),
        [[7] * 3, [9] * 3],
    ),
    "16 bits": (png(Image.fromarray(SIXTEEN)), [[0x12], [255]]),
    "16 bits, TIFF": (saved(Image.fromarray(SIXTEEN), "TIFF"), [[0x12], [255]]),
    "16 bits, PGM": (b"P5 2 1 65535\n\x12\x34\xff\xff", [[0x12], [255]]),
    "CMYK": (saved(two("CMYK", (0, 255, 255, 0), (0, 0, 0, 255)), "TIFF"), [[255, 0, 0], [0, 0, 0]]),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_pixels_are_what_a_viewer_shows(tmp_path: Path, kind: str) -> None:
    content, pixels = SHOWN[kind]
    (tmp_path / "x.png").write_bytes(content)
    assert pictures.read(tmp_path / "x.png", None).permute(1, 2, 0).tolist() == [pixels]


@pytest.mark.parametrize("suffix", ["gif", "jfif", "webp", "bmp", "tif", "jpeg", "avif"])
def test_formats_are_read(tmp_path: Path, suffix: str) -> None:
    if f".{suffix}" not in pictures.suffixes():
        pytest.skip(f"this Pillow reads no .{suffix}")
    path = tmp_path / f"x.{suffix}"
    Image.new("RGB", (40, 30), (0, 0, 255)).save(path)
    image = pictures.read(path, 8).to(torch.int64)
    assert image.shape == (3, 8, 8)
    assert (image - torch.tensor([0, 0, 255])[:, None, None]).abs().max() <= 4


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("size", [None, 8])
def test_a_picture_is_turned_as_its_camera_was_held(tmp_path: Path, suffix: str, size: int | None) -> None:
    upright = Image.new("L", (16, 32), 255)
    upright.paste(0, (0, 0, 16, 16))  # black above white
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by 90° clockwise
    path = tmp_path / f"x.{suffix}"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    image = pictures.read(path, size)[0].float()
    rows = size or 32
    assert image.shape == (rows, size or 16)
    assert image[: rows // 4].mean() < 20
    assert image[-rows // 4 :].mean() > 235


def test_a_jpeg_that_is_decoded_at_an_eighth_is_what_it_would_be(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scene = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((800, 600))
    scene.save(tmp_path / "x.jpg", quality=90)
    with Image.open(tmp_path / "x.jpg") as picture:
        whole = np.asarray(picture.resize((16, 16), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(pictures.read(tmp_path / "x.jpg", 16).permute(1, 2, 0).numpy() - whole).max() <= 2


def test_black_drawings_on_transparent_ground_stay_distinct(load: Load) -> None:
    for index in range(10):
        drawing = Image.new("RGBA", (12, 12), (0, 0, 0, 0))
        drawing.putpixel((index, index), (0, 0, 0, 255))
        folder = Path("pictures", "ab"[index % 2])
        folder.mkdir(parents=True, exist_ok=True)
        drawing.save(folder / f"{index}.png")
    images = [image for split in load().splits.values() for image in split.inputs]
    assert len({image.numpy().tobytes() for image in images}) == 10


@pytest.mark.parametrize("odd", ["train/a", "val/b", "test/b"])
def test_one_coloured_image_in_any_split_gives_all_three_channels(load: Load, odd: str) -> None:
    for split in ("train", "val", "test"):
        for name in "ab":
            write_images(Path("pictures", split, name), 3, "L")
    Image.new("RGB", (40, 30), (1, 2, 3)).save(f"pictures/{odd}/0.png")
    assert {tuple(split.inputs.shape[1:]) for split in load().splits.values()} == {(3, 30, 40)}


@pytest.mark.parametrize("odd", ["train/b", "val/a", "test/b"])
def test_one_size_is_settled_for_all_splits(load: Load, odd: str) -> None:
    for split in ("train", "val", "test"):
        for name in "ab":
            write_images(Path("pictures", split, name), 3, "L")
    write_images(Path("pictures", odd), 1, "L", size=(9, 7))
    with pytest.raises(ConfigError) as refused:
        load()
    message = f"(pictures/train/a/0.png 40×30, pictures/{odd}/0.png 9×7); set it, for example to 32"
    assert str(refused.value) == f"dataset.image_size=null: the images have different sizes {message}"
    assert {tuple(s.inputs.shape[1:]) for s in load("dataset.image_size=8").splits.values()} == {(1, 8, 8)}


def test_photos_at_their_own_size_are_refused(load: Load) -> None:
    for name in "ab":
        write_images(Path("pictures", name), 1, size=(1025, 2))
    with pytest.raises(ConfigError, match=r"dataset\.image_size=null: the images are larger than 1024 pixels"):
        load()


def large() -> bytes:
    content = bytearray(png(Image.new("1", (8, 8))))
    content[16:24] = (20_000).to_bytes(4, "big") * 2
    return bytes(content[:29] + (zlib.crc32(content[12:29])).to_bytes(4, "big") + content[33:])


DAMAGED = {
    "empty": (b"", "damaged or not an image ("),
    "text": (b"not an image", "damaged or not an image ("),
    "truncated PNG": (png(Image.effect_noise((40, 30), 50))[:-200], "damaged or not an image ("),
    "truncated JPEG": (saved(Image.effect_noise((40, 30), 50), "JPEG")[:-200], "damaged or not an image ("),
    "bomb": (large(), "too large to be read (Image size (400000000 pixels) exceeds limit of 178956970 pixels); shrink"),
    "real numbers": (saved(Image.new("F", (4, 4)), "TIFF"), "its numbers have no range (mode F); convert it to 8 or"),
    "real numbers, PFM": (b"Pf 1 1 -1.0\n\0\0\0\0", "its numbers have no range (mode F)"),
    "32 bits": (saved(Image.new("I", (4, 4)), "TIFF"), "its numbers have no range (mode I)"),
}


@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, damage: str, size: int | None) -> None:
    content, message = DAMAGED[damage]
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as refused:
        pictures.read(path, size)
    assert str(refused.value).startswith(f"{path}: {message}")
    assert "\n" not in str(refused.value)


def test_a_link_to_nowhere_is_named(load: Load) -> None:
    lay_out("a:5", "b:5")
    Path("pictures/a/x.png").symlink_to("nowhere.png")
    with pytest.raises(DatasetError, match=r"pictures/a/x\.png: damaged or not an image \(No such file"):
        load()


def test_no_more_than_one_picture_is_open(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out("a:5", "b:5")
    real = Image.open
    opened: list[BinaryIO] = []

    def counted(file: BinaryIO, **settings: Any) -> Image.Image:
        assert all(before.closed for before in opened)
        opened.append(file)
        return real(file, **settings)

    monkeypatch.setattr(Image, "open", counted)
    load("dataset.image_size=4")
    assert len(opened) == 1 + 10, "the first one twice: for its size, and among the others"


STREAM = "dataset.stream=true"
PARTS = ("train/a:9", "train/b:8", "val/a:2", "val/b:3", "test/a:2", "test/b:1")


def write_one_in_colour(path: str) -> None:
    """Make all other pictures grey."""
    for grey in Path("pictures").rglob("*.png"):
        Image.open(grey).convert("L").save(grey)
    Image.new("RGB", (4, 3), (1, 2, 3)).save(path)


@pytest.mark.parametrize("colour", ["none", "train/a/0", "test/b/0", "all"])
@pytest.mark.parametrize("folders", [PARTS, ("a:12", "b:9")], ids=["splits", "classes"])
def test_held_or_streamed_the_images_are_the_same(
    load: Load, monkeypatch: pytest.MonkeyPatch, folders: tuple[str, ...], colour: str
) -> None:
    monkeypatch.setattr(image_folder, "num_workers", lambda: 0)  # other tests have processes, which cost time
    lay_out(*folders)
    if colour != "all":
        last = "pictures/b/0.png" if folders is not PARTS else f"pictures/{colour}.png"
        write_one_in_colour("elsewhere.png" if colour == "none" else last)
    held, streamed = load(), load(STREAM)
    assert (held.train.is_streamed, streamed.train.is_streamed) == (False, True)
    channels = 1 if colour == "none" else 3
    assert held.input_shape == streamed.input_shape == (channels, 3, 4)
    assert streamed.constants() == held.constants()
    assert describe(streamed) == [f"{describe(held)[0]}, streamed", *describe(held)[1:]]
    for part, split in held.splits.items():
        (inputs, targets), *more = streamed.splits[part].in_order(100)
        assert not more
        assert torch.equal(inputs, split.inputs)
        assert inputs.stride() == split.inputs.stride()
        assert torch.equal(targets, split.targets)


def test_streamed_images_train_to_the_bits_of_held_ones(configure: Callable[..., RunConfig]) -> None:
    lay_out(*PARTS)
    typed = ("dataset=image_folder", "dataset.root=pictures", "dataset.image_size=6", "model=cnn")
    found = []
    for stream in ("dataset.stream=false", STREAM):
        settings = ("trainer.epochs=2", "trainer.batch_size=4", "device.precision=float32")
        config = configure(*typed, stream, *settings, "regularizer=[l2,dropout,batch_norm,mixup]")
        load_dataset.cache_clear()
        parts = build(config)
        assert parts.dataset.train.is_streamed == (stream == STREAM)
        member = parts.member(config)
        Training([member]).run()
        assert member.error is None
        rows = [(row.train.values, row.validation) for row in member.history]
        found.append((weights.digest(member.trained()), rows))
    assert found[0] == found[1]


def test_images_that_do_not_fit_into_half_of_the_memory_are_streamed(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are stored, chosen for a split, and made numbers of 4 bytes; one in colour makes all take three times it."""
    lay_out("a:6", "b:6")
    write_one_in_colour("elsewhere.png")
    grey = 12 * 3 * 4 * (2 + 4)
    for path, needed in (("elsewhere.png", grey), ("pictures/b/5.png", 3 * grey)):
        write_one_in_colour(path)
        for free, is_streamed in ((2 * needed, False), (2 * needed - 2, True)):
            monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda free=free: free)
            load_dataset.cache_clear()
            assert load().train.is_streamed == is_streamed
        monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda needed=needed: needed - 1)
        load_dataset.cache_clear()
        with pytest.raises(ConfigError, match=r"dataset\.stream=false: the examples need 0\.0 GB of memory, and"):
            load("dataset.stream=false")


@pytest.mark.parametrize("workers", [0, 1])
def test_streamed_images_are_refused_before_the_training(
    load: Load, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(image_folder, "MANY", 1)
    monkeypatch.setattr(image_folder, "num_workers", lambda: workers)
    lay_out(*PARTS)
    write_images(Path("pictures/test/b"), 1, size=(9, 7))
    message = r"\(pictures/train/a/0\.png 4×3, pictures/test/b/0\.png 9×7\); set it, for example to 32$"
    with pytest.raises(ConfigError, match=message):
        load(STREAM)
    Path("pictures/val/b/1.png").write_bytes(b"cut")
    with pytest.raises(DatasetError, match=r"^pictures/val/b/1\.png: damaged or not an image \("):
        load(STREAM)


@pytest.mark.parametrize(("mode", "size"), [("L", (5, 3)), ("RGB", (4, 3))])
def test_an_image_that_changes_during_the_training_is_named(load: Load, mode: str, size: tuple[int, int]) -> None:
    lay_out("a:5", "b:5")
    write_one_in_colour("elsewhere.png")
    dataset = load(STREAM)
    for path in Path("pictures").rglob("*.png"):
        Image.new(mode, size).save(path)
    with pytest.raises(DatasetError, match=r"/\d\.png: has another size, or colours, than before the training; start"):
        list(dataset.train.in_order(100))


QUICK = ("dataset=image_folder", "dataset.root=pictures", "dataset.image_size=8", "trainer.epochs=1", "device=cpu")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (("trainer.restore_best=true",), 0),
        (("-m", "seed=0,1", "hydra/launcher=basic"), 0),
        (("-m", "seed=0,1", "dataset.val_fraction=0.1", "hydra/launcher=basic"), 2),
    ],
)
def test_a_run_and_a_sweep_choose_on_its_own_validation_images(
    regsweep: Regsweep, arguments: tuple[str, ...], code: int
) -> None:
    lay_out(*BOTH, "val/a:3", "val/b:3")
    done = regsweep(*QUICK, *arguments)
    assert done.code == code, done.err
    if code:
        assert "dataset.val_fraction=0.1: the validation images are those in pictures/val" in done.err
    else:
        first = done.out.splitlines()[0]
        assert first.startswith("data         image_folder: train 16 (train/) / validation 6 (val/) / test 4 (a fifth")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trainer.restore_best=true",), "trainer.restore_best=true: needs validation examples"),
        (
            ("-m", "seed=0,1", "hydra/launcher=basic"),
            "dataset.val_fraction=0.0: a sweep chooses on validation exam",
        ),
    ],
)
def test_without_validation_images_neither_can(regsweep: Regsweep, arguments: tuple[str, ...], message: str) -> None:
    lay_out(*BOTH)
    done = regsweep(*QUICK, "dataset.val_fraction=0", *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
