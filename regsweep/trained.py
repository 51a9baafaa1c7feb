"""A network that a run has trained, with what prepares further examples for it.

Shapes: N examples; K classes, or M numbers that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from regsweep.config import RunConfig
from regsweep.data import Scale, Split
from regsweep.data.examples import Examples, Stored, examples_of
from regsweep.data.preparation import Preparation
from regsweep.data.targets import targets_among
from regsweep.device import outputs_of
from regsweep.errors import DatasetError
from regsweep.losses import LOSSES, Loss
from regsweep.metrics import EVALUATION_BATCH, Metrics, evaluate
from regsweep.models import build_model
from regsweep.models.probe import evaluating
from regsweep.objectives import Kind, objective_of
from regsweep.scoring import scoring_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained network, in evaluation mode.

    Attributes:
        network: with the weights that the run ended with.
        kind: of the task, ``classification`` or ``regression``.
        outputs: the names of the K classes, in the order of the network's outputs, or of the M numbers.
        input_shape: of one example as the network has it.
        preparation: makes the network's inputs of stored examples; fitted to the run's training examples.
        scale: of the network's outputs, where they are numbers; None of classes.
        precision: of the forward pass, ``float32`` or ``bfloat16``, as in the run's evaluation.
        device: where the network lies.
        config: the run's.
    """

    network: nn.Module = field(repr=False)
    kind: Kind
    outputs: tuple[str, ...]
    input_shape: tuple[int, ...]
    preparation: Preparation = field(repr=False)
    scale: Scale | None = field(repr=False)
    precision: str
    device: torch.device
    config: RunConfig = field(repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none where numbers are predicted."""
        return self.outputs if self.kind == "classification" else ()

    @property
    def _loss(self) -> Loss:
        return Loss(self.config.trainer.loss or LOSSES[self.kind][0], len(self.outputs))

    def predict(self, data: DataFrame | np.ndarray | Tensor | Path | str) -> DataFrame:
        """Return what the network predicts, a row for each example, in their order.

        Of classes, the column ``prediction`` has the name of the most likely one, and ``probability_NAME`` its
        share, for each class (`Loss.shares`). Of a number, ``prediction`` has it in its own unit; of several,
        ``prediction_NAME`` each. Rows are named as those of a DataFrame, or by the pictures' files.

        Args:
            data: examples as they were stored for the run, not prepared: a DataFrame with the columns of the run's
                table; an array or a tensor (N, …), of pictures uint8; or the path of a table (.csv, .parquet), of
                arrays (.npz or .safetensors with ``x``), of a picture or a folder of pictures.

        Raises:
            RegsweepError: when they cannot be read, or are others than the run was trained on.
        """
        examples = self.examples(data)
        return self.frame(self.outputs_of(examples), examples)

    def prepare(self, data: DataFrame | np.ndarray | Tensor | Path | str) -> Tensor:
        """Return the inputs of the network (N, …), float32, on its device; arguments and errors as of `predict`."""
        return torch.cat(list(self.examples(data).batches(EVALUATION_BATCH))).to(self.device)

    def examples(self, data: DataFrame | np.ndarray | Tensor | Path | str) -> Examples:
        """Return what `data` holds, not prepared yet; arguments and errors as of `predict`."""
        return examples_of(data, Stored(self.preparation, self.input_shape, self.config.dataset, self.outputs))

    def outputs_of(self, examples: Examples) -> Tensor:
        """Return the outputs of the network, (N, K) or (N, M) float32, computed as the run's evaluation does.

        Raises:
            RegsweepError: for an example that cannot be prepared, and for outputs that are not finite.
        """
        parts = []
        with evaluating(self.network), torch.inference_mode():
            for inputs in examples.batches(EVALUATION_BATCH):
                parts.append(outputs_of(self.network, inputs.to(self.device), self.precision).float().cpu())
        outputs = torch.cat(parts)
        is_finite = outputs.isfinite().all(1)
        if not is_finite.all():
            row = int((~is_finite).int().argmax())
            reason = "the network's outputs are not finite; are its numbers far from those of the training?"
            raise DatasetError(f"example {row} (counted from 0): {reason}")
        return outputs

    def frame(self, outputs: Tensor, examples: Examples) -> DataFrame:
        """Return the network's outputs as `predict` does."""
        from pandas import DataFrame, Index  # noqa: PLC0415  (a second of import)

        rows = examples.stored.index if isinstance(examples.stored, DataFrame) else None
        index = rows if examples.files is None else Index(examples.files, name="file")
        if self.scale is not None:
            names = [f"prediction_{name}" for name in self.outputs] if len(self.outputs) > 1 else ["prediction"]
            return DataFrame(self.scale.back(outputs).numpy(), index, names)
        shares = DataFrame(self._loss.shares(outputs).numpy(), index, [f"probability_{name}" for name in self.outputs])
        shares.insert(0, "prediction", np.array(self.outputs, dtype=object)[outputs.argmax(1).numpy()])
        return shares

    def score(self, outputs: Tensor, examples: Examples) -> Metrics:
        """Return the run's metrics of these outputs, of examples whose targets are known.

        Raises:
            RegsweepError: for targets that do not fit the run, and where its objective cannot be computed of them.
        """
        assert examples.targets is not None
        objective = objective_of(self.config.objective, self.kind, self.config.objective_direction)
        column = self.config.dataset.target
        targets = targets_among(
            column or "y", examples.targets, self.kind, self.outputs, is_of_table=column is not None
        )
        split = Split(outputs, self.scale(targets) if self.scale else targets)
        return evaluate(
            nn.Identity(), split, scoring_of(objective, self._loss, self.scale)
        )  # its outputs are there already


def build_network(config: RunConfig, input_shape: tuple[int, ...], num_outputs: int) -> nn.Module:
    """Return the network that a run of `config` trains, without its data; its weights have no meaning yet.

    Leaves torch's generators as they were.

    Raises:
        ConfigError: when it cannot be built.
    """
    with torch.random.fork_rng(devices=[]):
        # Zeros and ones in place of two examples: any network takes them, one that looks words up, too.
        example = torch.randint(2, (2, *input_shape), generator=torch.Generator().manual_seed(0)).float()
        model = build_model(
            config.model,
            input_shape=input_shape,
            num_classes=num_outputs,
            methods=config.regularizer.make(),
            example=example,
        ).model
    is_of_images = len(input_shape) == len("CHW")
    return model.to(memory_format=torch.channels_last) if is_of_images else model
