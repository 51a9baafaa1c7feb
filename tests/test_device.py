"""Where and in which precision is computed, and the memory that it is computed in."""

import platform
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import regsweep
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.device import outputs_of, resolve_precision
from regsweep.errors import NetworkError

Configure = Callable[..., RunConfig]
CPU = torch.device("cpu")


def test_auto_is_bfloat16_for_convolutions_where_the_processor_has_it(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    for has_it in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda has_it=has_it: {"avx512_bf16": has_it}, raising=False)
        chosen = {name: build(configure(f"model={name}")).precision for name in ("linear", "mlp", "cnn", "resnet18")}
        with_convolutions = "bfloat16" if has_it else "float32"
        assert chosen == {
            "linear": "float32",
            "mlp": "float32",
            "cnn": with_convolutions,
            "resnet18": with_convolutions,
        }


def test_a_pytorch_that_cannot_tell_computes_in_float32(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert build(configure("model=cnn")).precision == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_is_named_is_taken(configure: Configure, precision: str) -> None:
    for model in ("mlp", "cnn"):
        assert build(configure(f"model={model}", f"device.precision={precision}")).precision == precision


def test_auto_is_float32_on_an_accelerator() -> None:
    convolution = torch.nn.Conv2d(1, 1, 1)
    for device in ("cuda", "mps"):
        assert resolve_precision("auto", torch.device(device), convolution) == "float32"


FAILING = """
from torch import nn

class Network(nn.Module):
    def forward(self, inputs):
        return inputs @ inputs
"""


@pytest.mark.parametrize(
    ("place", "named"),
    [("own.py", ", in own.py, line 6"), (".venv/lib/python3/site-packages/package.py", ""), ("regsweep", "")],
)
def test_the_line_of_a_failing_network_is_of_the_user_s_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, named: str
) -> None:
    """Neither of an environment in the working folder, nor of a checkout of regsweep that is worked in."""
    file = tmp_path / place
    network: torch.nn.Module = torch.nn.Linear(3, 4)
    monkeypatch.chdir(Path(regsweep.__file__).parents[1] if place == "regsweep" else tmp_path)
    if place != "regsweep":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(FAILING)
        network = runpy.run_path(str(file))["Network"]()
    with pytest.raises(NetworkError) as error:
        outputs_of(network, torch.zeros(2, 5), "float32")
    assert str(error.value).endswith(f"{named})")
    assert (", line " in str(error.value)) is bool(named)


# Forty megabytes are written and freed, again and again; prints the pages that the system gave for the last ten times,
# before a run was built in this process and after it.
ALLOCATING = """
import resource, torch
from hydra import compose, initialize_config_dir
from regsweep.app.door import validate_composed
from regsweep.build import build
from regsweep.paths import config_folder

def pages_given():
    pages = []
    for _ in range(41):
        torch.ones(10_000_000)
        pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    return pages[40] - pages[30]

torch.set_num_threads(1)
before = pages_given()
with initialize_config_dir(str(config_folder())):
    build(validate_composed(compose("config", overrides=["device=cpu", "device.threads=1"])))
print(before, pages_given())
"""


@pytest.mark.full
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_what_a_run_frees_is_kept() -> None:
    done = subprocess.run([sys.executable, "-c", ALLOCATING], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    if before < 10 * 40_000_000 // 4096 // 2:
        pytest.skip("the system gives huge pages here, so few are given")
    assert after < 1000
