"""Networks of torchvision and timm, and layers in a YAML, by the command line: as docs/models.md shows them."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT, Regsweep

PAGE = (PROJECT / "docs" / "models.md").read_text()
BRIEF = ("trainer.epochs=1", "dataset.train_size=64", "device=cpu", "hydra/launcher=basic")
COMMANDS = re.findall(r"^regsweep (.+)$", PAGE, flags=re.MULTILINE)


def result(folder: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((Path(folder) / "result.json").read_text())
    return content


NAMES = ["mobilenet_v3_small with BatchNorm", "create_model(resnet18) with BatchNorm"]


@pytest.mark.parametrize(("command", "lines", "name"), [*zip(COMMANDS, [2, 1], NAMES, strict=True)])
def test_a_command_of_the_page_works(
    regsweep: Regsweep, monkeypatch: pytest.MonkeyPatch, command: str, lines: int, name: str
) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "timm")
    done = regsweep(*command.split(), *BRIEF, "hydra.run.dir=run")
    assert done.code == 0, done.err
    changed = result("run")["adapted"]
    assert isinstance(changed, list)
    assert len(changed) == lines
    assert all(f"adapted      {line}" in done.out for line in changed)
    assert f"model        {name}, on cpu" in done.out


def test_a_network_of_layers_in_a_preset_is_searched(regsweep: Regsweep, tmp_path: Path) -> None:
    (preset,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "layers.yaml").write_text(preset)
    assert len(yaml.safe_load(preset)["_args_"]) == 5
    search = ("-m", "sweep=regularization", "hydra.sweeper.n_trials=2", "hydra.sweep.dir=sweep")
    done = regsweep("--config-dir", "conf", "model=layers", *search, *BRIEF)
    assert done.code == 0, done.err
    assert "searches L2, dropout, BatchNorm and the learning rate" in done.out
    assert "model        has dropout" not in done.out
    assert "adapted      BatchNorm: put in at 1 place, each before an activation" in done.out
    taken_out = ["dropout: set to 0 in 1 layer, p=0.1 before"]
    assert (result("sweep/0")["adapted"], result("sweep/0")["batch_norm"]) == (taken_out, False)
    assert (result("sweep/0")["dropout"], result("sweep/0")["own_dropout"]) == (False, "p=0.1 in 1 layer")


def test_a_search_leaves_out_what_the_network_has_no_place_for(regsweep: Regsweep) -> None:
    search = ("-m", "sweep=regularization", "hydra.sweeper.n_trials=1", "hydra.sweep.dir=sweep")
    chosen = ("model=own", "model._target_=torchvision.models.shufflenet_v2_x0_5")
    done = regsweep(*search, *chosen, *BRIEF)
    assert done.code == 0, done.err
    assert "searches L2, BatchNorm and the learning rate; trial 0 uses no method" in done.out
    assert "dropout leaves the search: ShuffleNetV2 has no place for it (no layer of dropout, no argument" in done.out
    assert result("sweep/0")["adapted"] == [
        "input: grey pictures are repeated to three channels",
        "BatchNorm: taken out of 56 places",
    ]
    assert (result("sweep/0")["batch_norm"], result("sweep/0")["own_batch_norm"]) == (False, True)


REFUSED = {
    "model._target_=null": "model._target_=null: must name a class or a function as module.name",
    "model._target_=torch.hub.load": "model._target_=torch.hub.load: torch.hub is neither in the working folder",
    "trainer.freeze=[head.*]": "trainer.freeze=head.*: matches nothing; the network has conv1.weight",
    "trainer.initial_weights=w.pt": "trainer.initial_weights=w.pt: no such file",
    "dataset.image_size=8": "dataset.image_size=8: digits has no such setting, only image_folder",
    "+model.depth=3": "model._target_=torchvision.models.resnet18: cannot be built with model.depth=3 (TypeError",
    "regularizer=dropout": "regularizer.dropout=0.5: ResNet has no place for it (no layer of dropout, no argument",
}


def test_what_cannot_be_trained_is_refused_in_one_line(regsweep: Regsweep, tmp_path: Path) -> None:
    for override, line in REFUSED.items():
        typed = ("model=own", "model._target_=torchvision.models.resnet18", *BRIEF, override)
        done = regsweep(*typed)
        assert done.code == 2, override
        assert done.err.startswith(f"regsweep: {line}")
        assert done.err.count("\n") == 1
        assert [*tmp_path.iterdir()] == []
