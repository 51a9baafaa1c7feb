"""Which code a configuration may name."""

import sys
from pathlib import Path

import pytest
import torch

from regsweep.errors import ConfigError
from regsweep.models import resolve_target

NETWORK = """
from torch import nn
import os

class Mine(nn.Module):
    pass

def build():
    raise AssertionError("called")
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"own_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_network_in_the_working_folder_may_be_named(own_module: str) -> None:
    assert resolve_target(f"{own_module}.Mine").__name__ == "Mine"


def test_what_a_module_draws_when_it_is_imported_leaves_the_weights_alone(tmp_path: Path, own_module: str) -> None:
    with (tmp_path / f"{own_module}.py").open("a") as file:
        file.write("\nREADY = nn.Linear(3, 3)\n")
    torch.manual_seed(0)
    resolve_target(f"{own_module}.Mine")
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "logging.os.system",
        "posix.system",
        "sys.exit",
        "pickle.loads",
    ],
)
def test_code_from_elsewhere_may_not(target: str) -> None:
    with pytest.raises(ConfigError, match=rf"model\._target_={target}: .*nor allowed"):
        resolve_target(target)


def test_what_is_not_a_network_may_not(own_module: str) -> None:
    for name in ("os", "Nothing", "nn"):
        with pytest.raises(ConfigError, match=r"no torch\.nn\.Module or function of that name; "):
            resolve_target(f"{own_module}.{name}")
    with pytest.raises(ConfigError, match="no module named"):
        resolve_target(f"{own_module}.os.system")


def test_another_folder_may_not_until_it_is_allowed(
    own_module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(ConfigError, match=f"export REGSWEEP_ALLOW_MODULES={own_module}"):
        resolve_target(f"{own_module}.Mine")
    assert own_module not in sys.modules, "it was not imported"
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", f"other, {own_module}")
    assert resolve_target(f"{own_module}.Mine").__name__ == "Mine"


def test_an_environment_in_the_working_folder_is_not_the_user_s_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "venv" / "lib" / "site-packages"
    (packages / "installed_there").mkdir(parents=True)
    (packages / "installed_there" / "__init__.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(str(packages))
    with pytest.raises(ConfigError, match="nor allowed"):
        resolve_target("installed_there.Mine")


def test_a_missing_module_is_named() -> None:
    with pytest.raises(ConfigError, match="no module named no_such_module"):
        resolve_target("no_such_module.Net")
