"""What a method of regularization is, and how a run uses the methods that were chosen.

The methods themselves are the files of `regsweep.regularizers`. Importing this package does not import torch.
"""

from regsweep.methods.method import Method, MethodSettings, Paper, Penalty, Task
from regsweep.methods.parameters import Batch, Parameters, Run, Update

__all__ = ["Batch", "Method", "MethodSettings", "Paper", "Parameters", "Penalty", "Run", "Task", "Update"]
