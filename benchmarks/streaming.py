"""Examples that are streamed beside those that are held, and a data set that is larger than memory.

python benchmarks/streaming.py                 # all
python benchmarks/streaming.py --only speed    # a minute or two
python benchmarks/streaming.py --only limit    # writes a file of 5.5 GB and removes it
python benchmarks/streaming.py --only arrays   # writes a .safetensors file of 5.5 GB, likewise
python benchmarks/streaming.py --only folder   # writes a folder of pictures that take 5.5 GB as pixels, likewise

Speed: the same Dataset held in memory and streamed, in turn, each in a process of its own; the faster of two epochs'
training, after a first one, and the digests of the weights, which are equal. Once with items that are only read from a
file, as they are stored; once with items that take a millisecond each, as decoding a picture does.

Limit: the process's address space (RLIMIT_AS) is limited to less than the file. Held, the data set is refused in one
line; by default, it is streamed and trains. The largest memory that was taken stands beside it.

Arrays: the same of a .safetensors file of numbers, which are standardized; then a smaller file, held and streamed.

Folder: the same of a folder of JPEG pictures; then a smaller folder, held and streamed, with digests of the weights.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from table import print_header, print_row, spread

OWN = '''
import os, time
import numpy as np
from torch.utils.data import Dataset

class Stored(Dataset):
    """Pictures of 3 x size x size bytes in a file, one after the other."""
    def __init__(self, path, size, num_examples, seconds=0.0):
        self.path, self.size, self.n, self.seconds = path, size, num_examples, seconds
    def __len__(self):
        return self.n
    def __getitem__(self, number):
        ends = time.perf_counter() + self.seconds
        with open(self.path, "rb", buffering=0) as file:
            pixels = os.pread(file.fileno(), 3 * self.size**2, number * 3 * self.size**2)
        while time.perf_counter() < ends:
            pass
        return np.frombuffer(pixels, np.uint8).reshape(3, self.size, self.size), number % 10
'''

RUN = """
import json, logging, resource, sys
from pathlib import Path
from regsweep.app.door import validate_composed
from regsweep.errors import RegsweepError
from regsweep.paths import config_folder
from regsweep.run import run
from hydra import compose, initialize_config_dir
with initialize_config_dir(str(config_folder())):
    config = validate_composed(compose("config", overrides=sys.argv[1:]))
folder = Path("run")
try:
    run(config, folder, is_trial=False, show_bar=False)
except RegsweepError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
record = json.loads((folder / "result.json").read_text())
rows = (folder / "history.csv").read_text().splitlines()
place = rows[0].split(",").index("train_seconds")
most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
print(json.dumps({
    "epochs": [float(row.split(",")[place]) for row in rows[1:]], "sha256": record["weights_sha256"],
    "total": record["seconds"]["total"], "sizes": record["task"]["sizes"], "megabytes": most,
}))
"""


def measured(folder: Path, *overrides: str, limit: int | None = None) -> dict[str, Any]:
    """Return what a run in a process of its own printed; `limit` is of its address space, in bytes."""
    place = Path(tempfile.mkdtemp(dir=folder))
    (place / "own.py").write_text(OWN)
    (place / "run").mkdir()
    is_named = any(override.startswith("dataset=") for override in overrides)
    own = [] if is_named else ["dataset=torch", "dataset._target_=own.Stored"]
    command = [sys.executable, "-c", RUN, *own, "device=cpu", *overrides]

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    search = os.pathsep.join([str(Path(__file__).resolve().parent.parent), str(place)])
    done = subprocess.run(
        command, cwd=place, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, check=False,
        preexec_fn=limited,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_pictures(path: Path, size: int, num_examples: int) -> None:
    """Write noise, some megabytes at once."""
    rng = np.random.default_rng(0)
    block = rng.integers(0, 256, (1024, 3, size, size), dtype=np.uint8)
    with path.open("wb") as file:
        for start in range(0, num_examples, len(block)):
            file.write(np.roll(block, start // len(block), axis=2)[: num_examples - start].tobytes())


def print_speed(folder: Path, rounds: int) -> None:
    """Print an epoch's seconds, held and streamed, by network and by the time that an item takes."""
    size, number = 32, 4000
    path = folder / "small"
    write_pictures(path, size, number)
    print(f"\n### {number} pictures of 3×{size}×{size}, two epochs; {rounds} rounds\n")
    print_header("network", "an item takes", "held, s an epoch", "streamed", "streamed / held", "to the same bits")
    for model in ("mlp", "cnn"):
        for seconds in (0.0, 0.001):
            arguments = f"{{path:{path},size:{size},num_examples:{number},seconds:{seconds}}}"
            typed = (f"model={model}", f"dataset.arguments={arguments}", "trainer.epochs=3", "device.threads=1")
            found: dict[str, list[dict[str, Any]]] = {"false": [], "true": []}
            for place in range(rounds):
                for stream in list(found)[:: -1 if place % 2 else 1]:
                    found[stream].append(measured(folder, *typed, f"dataset.stream={stream}"))
            held, streamed = ([min(each["epochs"][1:]) for each in found[stream]] for stream in ("false", "true"))
            ratios = [other / one for one, other in zip(held, streamed, strict=True)]
            digests = {each["sha256"] for some in found.values() for each in some}
            takes = "a read" if seconds == 0 else f"{seconds * 1000:g} ms"
            same = "yes" if len(digests) == 1 else "no"
            print_row(model, takes, spread(held, ".2f"), spread(streamed, ".2f"), spread(ratios, ".2f"), same)


def print_limit(folder: Path, gigabytes: float, limit: float) -> None:
    """Print what becomes of a file that is larger than the memory that the process may take."""
    size = 128
    number = int(gigabytes * 1e9 / (3 * size * size))
    path = folder / "large"
    write_pictures(path, size, number)
    arguments = f"dataset.arguments={{path:{path},size:{size},num_examples:{number}}}"
    typed = (arguments, "model=linear", "trainer.epochs=1", "trainer.batch_size=128", "device.threads=1")
    print(f"\n### {number:,} pictures of 3×{size}×{size}, {gigabytes:g} GB, in {limit:g} GB of address space\n")
    print_limited(folder, limit, typed)
    path.unlink()


def print_limited(folder: Path, limit: float, typed: Sequence[str]) -> None:
    """Print what becomes of a run that holds its data, and of one that does as is best."""
    print_header("`dataset.stream`", "", "seconds", "memory taken, MB")
    for stream in ("false", "null"):
        began = time.perf_counter()
        found = measured(folder, *typed, f"dataset.stream={stream}", limit=int(limit * 1e9))
        ended = found.get("error") or f"trains on {found['sizes']['train']:,} examples"
        most = f"{found['megabytes']:.0f}" if "megabytes" in found else ""
        print_row(f"`{stream}`", ended, f"{time.perf_counter() - began:.0f}", most)


def write_folder(root: Path, size: int, num_examples: int) -> None:
    """Write JPEG pictures of smooth scenes, as many of each of two classes; after some hundreds they repeat."""
    rng = np.random.default_rng(0)
    scenes = []
    for _ in range(256):
        content = io.BytesIO()
        scene = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((size, size))
        scene.save(content, "JPEG", quality=90)
        scenes.append(content.getvalue())
    for number in range(num_examples):
        path = root / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(scenes[number % len(scenes)])


def print_folder(folder: Path, gigabytes: float, limit: float) -> None:
    """Print the same of a folder of pictures, and the seconds of a smaller one, held and streamed."""
    size = 256
    number = int(gigabytes * 1e9 / (3 * size * size))
    typed = ("dataset=image_folder", "model=linear", "trainer.batch_size=128", "device.threads=1")
    write_folder(folder / "large", size, number)
    print(f"\n### {number:,} JPEG pictures of {size}×{size}, {gigabytes:g} GB of pixels, in {limit:g} GB\n")
    print_limited(folder, limit, (*typed, f"dataset.root={folder / 'large'}", "trainer.epochs=1"))
    write_folder(folder / "small", size, 2000)
    print(f"\n### 2,000 JPEG pictures of {size}×{size}, two epochs after the first\n")
    print_both(folder, (*typed, f"dataset.root={folder / 'small'}"))


def print_both(folder: Path, typed: Sequence[str]) -> None:
    """Print the seconds of a run that holds its data, and of one that streams them."""
    print_header("`dataset.stream`", "seconds an epoch", "seconds in all", "weights")
    for stream in ("false", "true"):
        found = measured(folder, *typed, "trainer.epochs=3", f"dataset.stream={stream}")
        print_row(f"`{stream}`", f"{min(found['epochs'][1:]):.2f}", f"{found['total']:.1f}", found["sha256"][:8])


def write_arrays(path: Path, numbers: int, num_examples: int) -> None:
    """Write a .safetensors file with noise ``x`` (N, numbers) float32 and two classes ``y``, some megabytes at once."""
    rng = np.random.default_rng(0)
    block, x_size, y_size = rng.normal(3, 2, (2048, numbers)).astype("<f4"), 4 * numbers * num_examples, num_examples
    header = json.dumps({
        "x": {"dtype": "F32", "shape": [num_examples, numbers], "data_offsets": [0, x_size]},
        "y": {"dtype": "U8", "shape": [num_examples], "data_offsets": [x_size, x_size + y_size]},
    }).encode()  # fmt: skip
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for start in range(0, num_examples, len(block)):
            file.write(np.roll(block, start // len(block), axis=1)[: num_examples - start].tobytes())
        file.write((np.arange(num_examples) % 2).astype("u1").tobytes())


def print_arrays(folder: Path, gigabytes: float, limit: float) -> None:
    """Print the same of a file of arrays, and the seconds of a smaller one, held and streamed."""
    numbers = 4096
    number = int(gigabytes * 1e9 / (4 * numbers))
    path = folder / "arrays.safetensors"
    settings = ("dataset.standardize=true", "model=linear", "trainer.batch_size=128", "device.threads=1")
    typed = ("dataset=arrays", f"dataset.path={path}", *settings)
    write_arrays(path, numbers, number)
    print(f"\n### {number:,} examples of {numbers:,} numbers, {gigabytes:g} GB, in {limit:g} GB of address space\n")
    print_limited(folder, limit, (*typed, "trainer.epochs=1"))
    write_arrays(path, numbers, 20_000)
    print(f"\n### 20,000 examples of {numbers:,} numbers, two epochs after the first\n")
    print_both(folder, typed)
    path.unlink()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["speed", "limit", "arrays", "folder"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=5.5, help="of the data set that is larger than memory")
    parser.add_argument("--limit", type=float, default=5.0, help="of address space, PyTorch takes nearly 4")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.only in (None, "speed"):
            print_speed(Path(folder), given.rounds)
        if given.only in (None, "limit"):
            print_limit(Path(folder), given.gigabytes, given.limit)
        if given.only in (None, "arrays"):
            print_arrays(Path(folder), given.gigabytes, given.limit)
        if given.only in (None, "folder"):
            print_folder(Path(folder), given.gigabytes, given.limit)


if __name__ == "__main__":
    main()
