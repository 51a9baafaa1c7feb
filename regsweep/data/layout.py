"""Which folder holds which split and class, which files are images, and what lies there besides."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from regsweep.data import pictures
from regsweep.data.pictures import shown
from regsweep.errors import DatasetError
from regsweep.names import listed

_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
_SPLIT_OF = {name: split for split, names in _NAMES.items() for name in names}

_RULE = (
    "a class is a folder of images, a split a folder of classes named train or training; val, valid or validation; "
    "test or testing (in any case)"
)

# Hidden; beside the files of an archive that a Mac packed; thumbnails of a file server.
_HIDDEN = (".", "__MACOSX", "@eaDir")

_MOST_KINDS = 10
"""Kinds of skipped files that are named."""


@dataclass(frozen=True)
class Layout:
    """What lies where.

    Attributes:
        classes: their names, sorted.
        folders: the folder of each split that there is; where there are classes alone, they are ``train``.
        images: for each split the files of each class, in the order of `classes`.
        has_splits: whether there are folders of splits.
        skipped: what else lies there, in words, with its number; empty where there is nothing.
    """

    classes: tuple[str, ...]
    folders: dict[str, Path]
    images: dict[str, list[list[Path]]]
    has_splits: bool
    skipped: str


@dataclass(frozen=True)
class _Content:
    """What lies directly in a folder, each list sorted."""

    folders: list[Path]
    images: list[Path]
    others: list[str]


def find_layout(root: Path) -> Layout:
    """Return how the images under `root` are laid out.

    Raises:
        DatasetError: when a folder cannot be read, or is neither a class nor a split.
    """
    content = _list(root)
    below = {folder: _list(folder) for folder in content.folders}
    folders = _find_splits(root, below)
    skipped: Counter[str] = Counter()
    has_splits = bool(folders)
    if has_splits:
        skipped.update(_beside_folders(content))
        skipped.update(_folder_name(folder) for folder in below if folder not in folders.values())
    else:
        folders, below = {"train": root}, {root: content}
    images = {split: _find_classes(folder, below[folder], skipped) for split, folder in folders.items()}
    for split, by_class in images.items():
        odd = sorted(images["train"].keys() ^ by_class.keys())
        if odd:
            raise DatasetError(
                f"{shown(root)}: {_folder_name(folders['train'])} and {_folder_name(folders[split])} must hold the "
                f"same classes; not in both: {', '.join(map(shown, odd))}"
            )
    classes = tuple(images["train"])
    if len(classes) == 1:
        raise DatasetError(
            f"{shown(folders['train'])}: holds a single class, {shown(classes[0])}; two or more are needed"
        )
    return Layout(
        tuple(map(shown, classes)),
        folders,
        {split: list(by_class.values()) for split, by_class in images.items()},
        has_splits,
        _count_in_words(skipped),
    )


def find_images(folder: Path) -> tuple[list[Path], str]:
    """Return the images in `folder` and in the folders below it, in order, and what was skipped, in words.

    Raises:
        DatasetError: when a folder cannot be read.
    """
    images: list[Path] = []
    skipped: Counter[str] = Counter()
    waiting, seen = [folder], set()
    while waiting:
        place = waiting.pop(0)
        if place.resolve() in seen:  # a link to a folder above
            continue
        seen.add(place.resolve())
        content = _list(place)
        images += content.images
        skipped.update(content.others)
        waiting = [*content.folders, *waiting]
    return images, _count_in_words(skipped)


def _find_splits(root: Path, below: dict[Path, _Content]) -> dict[str, Path]:
    """Return the folders of `root` that are splits, with ``train`` among them; none where all are classes.

    A folder with a split's name that holds images itself is a class, where classes of other names lie beside it
    (train, bus, tram).
    """
    named = [folder for folder in below if folder.name.casefold() in _SPLIT_OF]
    are_classes = len(named) < len(below) and all(below[folder].images for folder in named)
    if not named or are_classes:
        return {}
    splits: dict[str, Path] = {}
    for folder in named:
        split = _SPLIT_OF[folder.name.casefold()]
        if split in splits:
            raise DatasetError(
                f"{shown(root)}: {_folder_name(splits[split])} and {_folder_name(folder)} are both named as the "
                f"{split} split; keep one of them"
            )
        splits[split] = folder
    if "train" not in splits:
        found = listed([_folder_name(folder) for folder in named])
        raise DatasetError(f"{shown(root)}: holds {found} but no training images; {_RULE}")
    return {split: splits[split] for split in _NAMES if split in splits}


def _find_classes(folder: Path, content: _Content, skipped: Counter[str]) -> dict[str, list[Path]]:
    """Return the images of each class in `folder`, and count in `skipped` what is not read."""
    if not content.folders:
        raise DatasetError(f"{shown(folder)}: holds no folder for each class; {_RULE}")
    skipped.update(_beside_folders(content))
    images = {}
    for name, inside in ((place.name, _list(place)) for place in content.folders):
        if not inside.images and inside.folders:
            raise DatasetError(f"{shown(folder / name)}: holds folders and no images; {_RULE}")
        if not inside.images:
            others = f" ({_count_in_words(Counter(inside.others))})" if inside.others else ""
            raise DatasetError(
                f"{shown(folder / name)}: holds no image that can be read{others}; add some, or remove the folder"
            )
        skipped.update(inside.others)
        skipped.update(map(_folder_name, inside.folders))
        images[name] = inside.images
    return images


def _list(folder: Path) -> _Content:
    content = _Content([], [], [])
    try:
        for path in sorted(folder.iterdir()):
            suffix, is_folder = path.suffix.lower(), path.is_dir()
            if path.name.startswith(_HIDDEN):
                content.others.append(_folder_name(path) if is_folder else "hidden")
            elif is_folder:
                content.folders.append(path)
            elif suffix in pictures.suffixes() and not path.is_fifo():
                content.images.append(path)
            else:
                content.others.append(shown(suffix) or "without a suffix")
    except OSError as error:
        raise DatasetError(f"{shown(folder)}: cannot be read ({error.strerror})") from error
    return content


def _beside_folders(content: _Content) -> list[str]:
    """Return what lies beside the folders of classes or splits, images too."""
    return [*content.others, *(f"{path.suffix.lower()} outside any class" for path in content.images)]


def _folder_name(folder: Path) -> str:
    return f"{shown(folder.name)}/"


def _count_in_words(kinds: Counter[str]) -> str:
    named = [f"{count:,} {kind}" for kind, count in kinds.most_common(_MOST_KINDS)]
    num_rest = kinds.total() - sum(count for _, count in kinds.most_common(_MOST_KINDS))
    return ", ".join([*named, f"{num_rest:,} of other kinds"] if num_rest else named)
