"""Max-norm: what is longer than c is shortened to c, what is not stays as it is."""

import torch

from regsweep.methods import Parameters, Update
from regsweep.regularizers.max_norm import MaxNorm
from tests.regularizers.made import method, parameters


def project(norm: float, given: Parameters) -> None:
    with torch.no_grad():
        method(MaxNorm, norm=norm).on_weights(Update(given, 0.1, lambda _: 0.1))


def test_rows_are_projected_on_a_ball() -> None:
    given = parameters([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    project(1.0, given)
    expected = torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(given.every["w0"].detach(), expected, rtol=1e-6, atol=0)


def test_a_kernel_is_one_vector() -> None:
    given = parameters(torch.ones(2, 3, 2, 2))
    project(1.5, given)
    norms = given.every["w0"].detach().flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, torch.tensor([1.5, 1.5], dtype=torch.float64), rtol=1e-6, atol=0)


def test_only_what_is_covered_is_shortened() -> None:
    given = parameters([[3.0, 4.0]], [[30.0, 40.0]])
    project(1.0, Parameters(given.every, {"w0": given.every["w0"]}))
    assert given.every["w1"].tolist() == [[30.0, 40.0]]
