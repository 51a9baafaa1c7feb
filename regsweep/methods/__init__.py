"""What a method of regularization is, and how a run uses the methods that were chosen.

The methods themselves are the files of `regsweep.regularizers`. Importing this package does not import torch.
"""

from regsweep.methods.method import DECAY, Method, MethodSettings, Penalty, Scope, Task, scope
from regsweep.methods.mixing import Mixing
from regsweep.methods.paper import Paper
from regsweep.methods.parameters import Batch, Parameters, Run, Update

__all__ = [
    "DECAY",
    "Batch",
    "Method",
    "MethodSettings",
    "Mixing",
    "Paper",
    "Parameters",
    "Penalty",
    "Run",
    "Scope",
    "Task",
    "Update",
    "scope",
]
