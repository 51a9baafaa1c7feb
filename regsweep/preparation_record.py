"""``preparation.json``: all that a trained network needs beside its weights to be used on further examples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.objectives import Kind


@dataclass(frozen=True)
class PreparationRecord:
    """What examples become before the network has them, and what its outputs mean.

    Attributes:
        kind: of the task.
        outputs: the names of the classes, or of the numbers that are predicted.
        input_shape: of one example as the network has it.
        inputs: constants of the inputs' preparation, see `regsweep.data.preparation.preparation_of`.
        targets: constants of the scale of the numbers that are predicted; None of classes.
        precision: of the forward pass in which the network was evaluated.
    """

    kind: Kind
    outputs: list[str]
    input_shape: list[int]
    inputs: dict[str, Any]
    targets: dict[str, Any] | None = None
    precision: str = "float32"

    def write(self, path: Path) -> None:
        """Write the record to `path`, whole or not at all."""
        records.write_json(path, asdict(self))

    @staticmethod
    def read(path: Path) -> PreparationRecord:
        """Return the record at `path`.

        Raises:
            RecordError: when it cannot be read, or a value is of another type.
        """
        return records.read_as(path, PreparationRecord)
