"""What is adapted in networks of torchvision and timm: ``python benchmarks/networks.py``, with timm installed.

Each network, its weights random, has a sweep of its dropout's probability on generated pictures (3×64×64, four classes;
two steps a trial), and the best trial is confirmed on fresh seeds. No accuracy is measured: what is shown is that
networks that know nothing of regsweep build, are adapted, train, are swept and confirmed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from table import print_header, print_row

TORCHVISION = (
    *("alexnet", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small"),
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


def network(library: str, name: str) -> list[str]:
    """Return the overrides that choose a network."""
    if library == "torchvision":
        return ["model=own", f"model._target_=torchvision.models.{name}"]
    size = [f"+model.img_size={SIZE}"] if name in OF_A_SIZE else []
    return ["model=own", "model._target_=timm.create_model", f"+model.model_name={name}", *size]


def regsweep(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command line in `folder`; return its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "regsweep", *arguments],
        cwd=folder,
        env={**os.environ, "REGSWEEP_ALLOW_MODULES": "timm"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def adapted(folder: Path, *arguments: str) -> str:
    """Return what one run says that it changed, or the reason why it was refused."""
    place = Path(tempfile.mkdtemp(dir=folder))
    code, printed = regsweep(folder, *arguments, *TRAINING[:-1], f"hydra.run.dir={place}/run")
    if code:
        return printed.strip().splitlines()[-1].partition(" has no place for it")[2].partition(";")[0].strip(" ()")
    lines: list[str] = json.loads((place / "run" / "result.json").read_text())["adapted"]
    return "; ".join(line.partition(": ")[2] for line in lines) or "as it is"


def sweep_and_confirm(folder: Path, chosen: list[str], name: str) -> str:
    """Return how the two ended: their exit codes, and the trials that completed."""
    typed = ("-m", "sweep=regularization", "regularizer=dropout", "regularizer.dropout.use=true", *chosen)
    code, printed = regsweep(folder, *typed, *TRAINING, "hydra.sweeper.n_trials=2", f"hydra.sweep.dir={name}")
    if code:
        return f"sweep: {code}, {printed.strip().splitlines()[-1]}"
    confirmed, printed = regsweep(folder, "confirm", name, "--seeds", "2")
    return "yes" if confirmed == 0 else f"confirm: {confirmed}, {printed.strip().splitlines()[-1]}"


def main() -> None:
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="networks with this in their name")
    given = parser.parse_args()
    print_header("network", "dropout", "BatchNorm off", "BatchNorm on", "swept and confirmed")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_pictures(folder / "pictures")
        for library, names in (("torchvision", TORCHVISION), ("timm", TIMM)):
            for name in [each for each in names if given.only in f"{library} {each}"]:
                chosen = [*network(library, name), "dataset=image_folder", "dataset.root=pictures"]
                print_row(
                    f"{library} `{name}`",
                    adapted(folder, *chosen, "regularizer.dropout=0.3"),
                    adapted(folder, *chosen, "regularizer.batch_norm=false"),
                    adapted(folder, *chosen, "regularizer.batch_norm=true"),
                    sweep_and_confirm(folder, chosen, f"{library}_{name}"),
                )


if __name__ == "__main__":
    main()
