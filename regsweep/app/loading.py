"""From the folder of a run to its trained network: `regsweep.load_model`."""

from __future__ import annotations

import re
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from regsweep import weights
from regsweep.app.run_folder import read_config, require_run, started_in, working_where_it_was_started
from regsweep.data import Scale
from regsweep.data.preparation import Preparation, preparation_of
from regsweep.device import resolve_device
from regsweep.errors import ConfigError, DeviceError, RecordError, RegsweepError, show
from regsweep.paths import RunPaths, shown
from regsweep.preparation_record import PreparationRecord
from regsweep.run_record import RunRecord
from regsweep.trained import TrainedModel, build_network

_MOST = 3
"""Names that a line lists."""


def load_model(folder: Path | str, device: str) -> TrainedModel:
    """Return the network that the run in `folder` has trained; see `regsweep.load_model`."""
    paths = RunPaths(Path(folder).expanduser().absolute())
    place = _resolved(device)
    record = _finished(paths)
    prepared = PreparationRecord.read(paths.preparation)
    inputs, scale = _preparations(paths, prepared)
    with working_where_it_was_started(paths) as is_there:
        config = read_config(paths)
        try:
            network = build_network(config, tuple(prepared.input_shape), len(prepared.outputs))
        except ConfigError as error:
            if is_there:
                raise
            gone = f"the run was started in {started_in(paths)}, which is gone"
            raise RegsweepError(f"{error}; {gone}: go to the folder of its own modules") from error
    _load_weights(network, paths, record)
    return TrainedModel(
        network.to(place).eval(),
        prepared.kind,
        tuple(prepared.outputs),
        tuple(prepared.input_shape),
        inputs,
        scale,
        prepared.precision,
        place,
        config,
    )


def _finished(paths: RunPaths) -> RunRecord:
    """Return the record of a run that saved its network."""
    require_run(paths)
    folder, record = shown(paths.folder), RunRecord.read(paths.result)
    if record.status != "complete":
        raise RegsweepError(f"{folder}: the run is {record.status}, and has no trained network")
    if not paths.weights.is_file():
        raise RegsweepError(f"{folder}: the run saved no weights; train it again with trainer.save_weights=true")
    if not paths.preparation.is_file():
        reason = "made by a version that did not write it, or deleted; train the run again"
        raise RegsweepError(f"{shown(paths.preparation)}: is missing: {reason}")
    return record


def _resolved(device: str) -> torch.device:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,2})?", str(device)):
        raise DeviceError(f"device={show(device)}: must be auto, cpu, cuda or mps (or cuda:1 for the second GPU)")
    return resolve_device(str(device))


def _preparations(paths: RunPaths, prepared: PreparationRecord) -> tuple[Preparation, Scale | None]:
    try:
        inputs = preparation_of(prepared.inputs)
        scale = preparation_of(prepared.targets) if prepared.targets is not None else None
        assert scale is None or isinstance(scale, Scale)
        assert (scale is None) == (prepared.kind == "classification")
    except (AssertionError, LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = f"not a readable record ({type(error).__name__}: {show(error)})"
        raise RecordError(f"{paths.preparation}: {reason}") from error
    return inputs, scale


def _load_weights(network: nn.Module, paths: RunPaths, record: RunRecord) -> None:
    """Load the weights that the run ended with.

    Raises:
        RecordError: when the file is damaged, or holds those of another network.
    """
    place = shown(paths.weights)
    try:
        read = safetensors.torch.load_file(paths.weights)
    except (safetensors.SafetensorError, OSError) as error:
        raise RecordError(f"{place}: cannot be read as weights ({show(error)})") from error
    if fault := _fault(network.state_dict(), read):
        raise RecordError(f"{place}: of another network than this run's: {fault}")
    network.load_state_dict(read, strict=True)
    if weights.digest(network) != record.weights_sha256:
        raise RecordError(f"{place}: not the weights that the run ended with (weights_sha256 in {paths.result.name})")


def _fault(own: dict[str, Tensor], read: dict[str, Tensor]) -> str:
    """Return how the names and shapes of weights differ, in words; nothing where they are the same."""
    faults = {
        "it has no": [name for name in own if name not in read],
        "it has, and the network has not,": [name for name in read if name not in own],
        "it has in another shape": [name for name in own if name in read and own[name].shape != read[name].shape],
    }
    return "; ".join(f"{words} {', '.join(names[:_MOST])}" for words, names in faults.items() if names)
