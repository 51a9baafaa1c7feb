"""Mixup: each example is mixed with another one, pixels and targets alike (Zhang et al., 2018)."""

from __future__ import annotations

from regsweep.methods import Batch, Mixing, Paper


class Mixup(Mixing):
    """s x + (1 − s) x′ and s y + (1 − s) y′, one s ~ Beta(α, α) for a batch, x′ in a random order of the batch."""

    name, title = "mixup", "mixup"
    paper = Paper(
        "Mixup",
        "Zhang, H., Cisse, M., Dauphin, Y. N. and Lopez-Paz, D. (2018). mixup: beyond empirical risk minimization. "
        "International Conference on Learning Representations.",
    )

    def on_batch(self, batch: Batch) -> Batch:
        """Mix the batch with itself in another order."""
        share, other = self.draw(batch)
        return batch.mixed(other, share, share * batch.inputs + (1 - share) * batch.inputs[other])
