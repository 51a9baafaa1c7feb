"""Data sets as tensors, split once and for all: train, validation and test."""

from regsweep.data.dataset import Dataset, Split
from regsweep.data.load import load_dataset

__all__ = ["Dataset", "Split", "load_dataset"]
