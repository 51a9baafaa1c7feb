"""What every worker needs is imported here, once for all of them, before they are forked."""

import torch._dynamo  # the first optimizer would import it
import torchvision

import regsweep.run

__all__ = ["regsweep", "torch", "torchvision"]
