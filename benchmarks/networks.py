"""What is adapted in networks of torchvision and timm: ``python benchmarks/networks.py``, with timm installed.

Each network, its weights random, has a sweep of its dropout's probability on generated pictures (3×64×64, four classes;
two steps a trial), and the best trial is confirmed on fresh seeds. No accuracy is measured: what is shown is that
networks that know nothing of regsweep build, are adapted, train, are swept and confirmed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from table import print_header, print_row

from regsweep import cli
from regsweep.config import ModelConfig
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.models import build_model
from regsweep.regularizers.batch_norm import BatchNorm
from regsweep.regularizers.dropout import Dropout

TORCHVISION = (
    *("squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    *("mnasnet0_5", "efficientnet_b0", "densenet121", "swin_t"),
)
TIMM = (
    *("resnet18", "vit_tiny_patch16_224", "convnext_atto", "efficientnet_b0"),
    *("mobilenetv3_small_100", "regnety_002", "resmlp_12_224", "mixnet_s"),
)
OF_A_SIZE = ("vit_tiny_patch16_224", "resmlp_12_224")
"""Networks of timm that must know the size of a picture."""

NUM_CLASSES, PER_CLASS, SIZE = 4, 24, 64
TRAINING = ("trainer.epochs=1", "trainer.batch_size=32", "device=cpu", "device.threads=1", "hydra/launcher=basic")


def write_pictures(folder: Path) -> None:
    """Write pictures of noise, with a brighter bar whose place is the class."""
    random = np.random.default_rng(0)
    bar = SIZE // NUM_CLASSES
    for label in range(NUM_CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(PER_CLASS):
            pixels = random.integers(0, 120, (SIZE, SIZE, 3), dtype=np.uint8)
            pixels[label * bar : (label + 1) * bar, :, label % 3] += 100
            Image.fromarray(pixels).save(folder / f"class{label}" / f"{number}.png")


def network(library: str, name: str) -> dict[str, Any]:
    """Return the keys below ``model`` that choose a network."""
    if library == "torchvision":
        return {"_target_": f"torchvision.models.{name}"}
    return {"_target_": "timm.create_model", "model_name": name, **({"img_size": SIZE} if name in OF_A_SIZE else {})}


def regsweep(*arguments: str) -> tuple[int, str]:
    """Run the command line within this process, which saves its imports; return its exit code and what it printed."""
    printed, sys.argv = io.StringIO(), ["regsweep", *arguments]
    code = 0
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return code, printed.getvalue()


def adapted(chosen: dict[str, Any], method: Method) -> str:
    """Return what a method changes in a network, or the reason why it has no place there."""
    example = torch.randn(2, 3, SIZE, SIZE)
    config = ModelConfig.model_validate(chosen)
    shape, number = (3, SIZE, SIZE), NUM_CLASSES
    try:
        built = build_model(config, input_shape=shape, num_classes=number, methods=[method], example=example)
    except ConfigError as error:
        return error.allowed.partition("has no place for it (")[2].partition(");")[0]
    return "; ".join(line.partition(": ")[2] for line in built.adapted) or "as it is"


def sweep_and_confirm(chosen: dict[str, Any], folder: str) -> str:
    """Return how the two ended."""
    typed = ["-m", "sweep=regularization", "regularizer=dropout", "regularizer.dropout.use=true", "model=own"]
    typed += [f"{'' if key == '_target_' else '+'}model.{key}={value}" for key, value in chosen.items()]
    typed += ["dataset=image_folder", "dataset.root=pictures", "hydra.sweeper.n_trials=2", f"hydra.sweep.dir={folder}"]
    for arguments in ([*typed, *TRAINING], ["confirm", folder, "--seeds", "2"]):
        code, printed = regsweep(*arguments)
        if code:
            return f"{arguments[0]}: {code}, {printed.strip().splitlines()[-1]}"
    return "yes"


def main() -> None:
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="networks with this in their name")
    given = parser.parse_args()
    print_header("network", "dropout", "BatchNorm off", "BatchNorm on", "swept and confirmed")
    os.environ["REGSWEEP_ALLOW_MODULES"] = "timm"
    methods = [
        Dropout(Dropout.Settings(p=0.3)),
        BatchNorm(BatchNorm.Settings(use=False)),
        BatchNorm(BatchNorm.Settings(use=True)),
    ]
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        write_pictures(Path("pictures"))
        for library, names in (("torchvision", TORCHVISION), ("timm", TIMM)):
            for name in [each for each in names if given.only in f"{library} {each}"]:
                chosen = network(library, name)
                ended = sweep_and_confirm(chosen, f"{library}_{name}")
                print_row(f"{library} `{name}`", *(adapted(chosen, method) for method in methods), ended)


if __name__ == "__main__":
    main()
