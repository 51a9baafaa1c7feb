import numpy as np
from torch.utils.data import Dataset


class Drawn(Dataset[tuple[np.ndarray, str]]):
    def __init__(self, num_examples: int = 500) -> None:
        self.num_examples = num_examples

    def __len__(self) -> int:
        return self.num_examples

    def __getitem__(self, number: int) -> tuple[np.ndarray, str]:
        pixels = np.random.default_rng(number).integers(0, 100, (16, 16), dtype=np.uint8)
        pixels[:, :8] += 100 * (number % 2)
        return pixels, ("left" if number % 2 else "none")
