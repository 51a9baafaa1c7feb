"""Data sets as tensors, split once and for all: train, validation and test."""

from regsweep.data.dataset import Dataset, Split
from regsweep.data.describe import describe
from regsweep.data.load import load_dataset
from regsweep.data.preparation import Scale

__all__ = ["Dataset", "Scale", "Split", "describe", "load_dataset"]
