"""SAM: the gradient at w + ρ g/‖g‖ (Foret et al., 2021, equation 2 and algorithm 1)."""

import torch

from regsweep.methods import Parameters
from regsweep.regularizers.sam import SAM
from tests.regularizers.made import method, parameters


def gradients(given: Parameters, curvature: float) -> None:
    """Put the gradient of ½ a Σw² into ``.grad``."""
    for weight in given.every.values():
        weight.grad = curvature * weight.detach()


def test_the_second_gradient_is_that_of_the_climbed_weights() -> None:
    """Of ½ a‖w‖² the gradient at w + ρ w/‖w‖ is a (1 + ρ/‖w‖) w; here ‖w‖ = 13 over both parameters."""
    given = parameters([3.0, 4.0], [[12.0]])
    before = [weight.detach().clone() for weight in given.every.values()]
    rounds = 0
    with torch.no_grad():
        for _ in method(SAM, rho=0.5).around(given):
            gradients(given, 2.0)
            rounds += 1
    assert rounds == 2
    for weight, value in zip(given.every.values(), before, strict=True):
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad, 2.0 * (1 + 0.5 / 13) * value, rtol=1e-12, atol=0)
        assert torch.equal(weight, value), "the weights are where they were"


def test_parameters_without_a_gradient_stay() -> None:
    given = parameters([3.0, 4.0], [7.0])
    with torch.no_grad():
        for _ in method(SAM, rho=1.0).around(given):
            given.every["w0"].grad = torch.ones(2, dtype=torch.float64)
            given.every["w1"].grad = None
    assert given.every["w1"].tolist() == [7.0]
