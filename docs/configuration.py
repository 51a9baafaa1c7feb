"""Writes ``docs/configuration.md``, the reference of every key, from the schema and the presets.

python docs/configuration.py            writes it
python docs/configuration.py --check    fails where it is stale
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from regsweep.chosen import shared_settings
from regsweep.config import DatasetConfig, DeviceConfig, OptimizerConfig, RunConfig, TrainerConfig
from regsweep.fields import Section
from regsweep.names import listed
from regsweep.paths import config_folder
from regsweep.regularizers import METHODS
from regsweep.sweeper.settings import GridSweeperConf, RegsweepSweeperConf

PAGE = Path(__file__).resolve().parent / "configuration.md"
CONF = config_folder()

Row = tuple[str, str, str, str]
"""Key, default, allowed, meaning."""

MEANINGS = {
    "augmentation.shift": "largest shift, in pixels, up or down and left or right; edges are continued",
    "augmentation.flip": "true: each image is mirrored, left to right, with probability ½",
    "l1_ratio": "ρ, the share of the L1 penalty",
    "scope": "weights: matrices and kernels; all: biases and BatchNorm's scale and shift, too",
    "solver": "proximal: a soft threshold after each step; subgradient: λ sign(w) is added to the gradient",
}
"""Of settings of which the method's own first sentence does not say enough."""

OF_ITS_CLASS = "what its class takes"
"""Of a setting that an optimizer's constructor checks."""

SWEEPER_VALUES = {
    "direction": "minimize, maximize, or a list of them, one for each objective",
    "max_failure_rate": "a share from 0 to 1",
    "pruner": "a preset, or null",
    "initial_trials": "a list of dictionaries, or the path of a file",
    "bool": "true or false",
    "int": "a whole number",
    "int | None": "a whole number, or null",
    "float": "a number",
    "float | None": "a number, or null",
    "str | None": "a text, or null",
    "list[str] | None": "a list of names, or null",
    "dict[str, Any] | None": "a dictionary by key, or null",
}
"""What a setting of a sweeper may be, by its name or its type."""

HEAD = """# Every key

Written by `python docs/configuration.py` from the schema and from `conf/`; do not edit it.

A key is set on the command line (`trainer.epochs=30`), a group chooses a preset (`optimizer=adam`), and presets of
`regularizer` compose (`regularizer=[l2,dropout]`). `regsweep --cfg job` prints what a command comes to.
"""


def comments(path: Path) -> dict[str, str]:
    """Return what the file has on each key: the comment behind it and the lines that continue it."""
    found: dict[str, str] = {}
    key, parents = "", [""]
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = re.match(r"^(\s*)([\w.]+):[^#]*(?:#\s*(.*))?$", line)
        if entry:
            depth = len(entry[1]) // 2
            parents[depth:] = [entry[2]]
            key = ".".join(parents)
            if entry[3]:
                found[key] = entry[3]
        elif key in found and (more := re.match(r"^\s+#\s*(.*)$", line)):
            found[key] += f"; {more[1]}"
    return found


def title(path: Path) -> str:
    """Return the first sentence of the comment at the head of a preset."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return re.split(r"(?<=\.)\s", " ".join(lines))[0].rstrip(".")


def presets(group: str) -> Iterator[Path]:
    """Yield the presets of a group."""
    return (path for path in sorted((CONF / group).glob("*.yaml")) if path.stem != "base")


def typed(value: Any) -> str:
    """Return a value as it is typed."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value).replace(" ", "")


def section(name: str, cls: type[Section], defaults: dict[str, Any], meanings: dict[str, str]) -> list[Row]:
    """Return a row per field of a section of the schema."""
    rows = []
    for field_name, info in cls.model_fields.items():
        key = info.alias or field_name
        rows.append((f"{name}.{key}", typed(defaults.get(key)), words_of(info), meanings.get(key, "")))
    return rows


def words_of(info: FieldInfo) -> str:
    """Return what a field of the schema may be, in the words of its error."""
    return (info.description or "").removeprefix("must be ").split(", for example")[0]


def table(rows: list[Row]) -> str:
    """Return rows as Markdown; a bar within a cell is escaped."""
    head = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    for key, _, allowed, meaning in rows:
        assert allowed, f"{key} has no words for what is allowed"
        assert meaning, f"{key} has no meaning"
    cells = (tuple(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join(
        [*head, *(f"| `{key}` | {code(default)} | {allowed} | {meaning} |" for key, default, allowed, meaning in cells)]
    )


def code(default: str) -> str:
    """Return a default as code, or several, each with the presets that have it."""
    parts = (each.partition(" (") for each in default.split("; "))
    return ", ".join(f"`{value}`{space}{names}" for value, space, names in parts)


def choices(group: str) -> str:
    """Return the presets of a group, each with its first sentence."""
    lines = [f"- `{group}={path.stem}`: {title(path)}" for path in presets(group) if title(path)]
    return "\n".join(lines)


def content_of(path: Path) -> dict[str, Any]:
    """Return the plain content of a preset."""
    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    assert isinstance(found, dict)
    return found


def datasets() -> list[Row]:
    """Return the keys of all data sets, then those of a few, each with the names of these."""
    own = {path.stem: content_of(path) for path in presets("dataset")}
    base = CONF / "dataset" / "base.yaml"
    meanings, defaults = comments(base), {key: typed(value) for key, value in content_of(base).items()}
    for name in own:
        for key, text in comments(CONF / "dataset" / f"{name}.yaml").items():
            having = {each: typed(content[key]) for each, content in own.items() if key in content}
            if key not in meanings:
                meanings[key], defaults[key] = f"of {listed(list(having))}: {text}", by_value(having)
    rows = section("dataset", DatasetConfig, {}, meanings)
    shown = {f"dataset.{key}": default for key, default in defaults.items()}
    return [(key, shown[key], allowed, meaning) for key, _, allowed, meaning in rows if key != "dataset.name"]


def optimizers() -> list[Row]:
    """Return the keys of the optimizers, each with its defaults and with the optimizers that have it."""
    first = ["sgd", "adam", "adamw"]
    paths = sorted(presets("optimizer"), key=lambda path: (path.stem not in first, path.stem == "own"))
    contents = {path.stem: content_of(path) for path in paths}
    searched = by_value({name: shown_range(each["search"]["optimizer.lr"], {}) for name, each in contents.items()})
    checked = {info.alias or name: words_of(info) for name, info in OptimizerConfig.model_fields.items()}
    meanings = {(key.partition(".")[2], path.stem): text for path in paths for key, text in comments(path).items()}
    rows: dict[str, Row] = {}
    for path in paths:
        for name in contents[path.stem]["optimizer"]:
            having = {
                each: typed(content["optimizer"][name])
                for each, content in contents.items()
                if name in content["optimizer"]
            }
            meant = of_whom(name, meanings, contents)
            if name == "lr":
                meant += f"; searched: {searched}"
            allowed = checked.get(name, OF_ITS_CLASS).removeprefix("must ")
            rows.setdefault(name, (f"optimizer.{name}", by_value(having), allowed, meant))
    return [row for name, row in rows.items() if name != "name"]


def of_whom(name: str, meanings: dict[tuple[str, str], str], contents: dict[str, Any]) -> str:
    """Return what a key means, after the optimizers that have it where not all do; several meanings one by one."""
    by_meaning: dict[str, list[str]] = {}
    for (key, optimizer), text in meanings.items():
        if key == name:
            by_meaning.setdefault(text, []).append(optimizer)
    return "; ".join(
        text if len(having) == len(contents) else f"of {', '.join(having)}: {text}"
        for text, having in by_meaning.items()
    )


def by_value(values: dict[str, str]) -> str:
    """Return the values of presets, each with the names of those that have it; one value of all without names."""
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(value, []).append(name)
    return next(iter(names)) if len(names) == 1 else "; ".join(f"{each} ({', '.join(n)})" for each, n in names.items())


def shown_range(text: str, ranges: dict[str, Any]) -> str:
    """Return a range of Hydra's grammar in words; `ranges` by method and optimizer are those of its preset."""
    by_optimizer = re.fullmatch(r"\$\{ranges\.(\w+)\.\$\{ranges\.like\}\}", text)
    if by_optimizer:
        return by_value({name: shown_range(each, {}) for name, each in ranges[by_optimizer[1]].items()})
    log = re.fullmatch(r"tag\(log, interval\((.+), (.+)\)\)", text)
    if log:
        return f"{log[1]} to {log[2]}, log"
    even = re.fullmatch(r"interval\((.+), (.+)\)", text)
    return f"{even[1]} to {even[2]}" if even else text.removeprefix("choice(").removesuffix(")")


def methods() -> list[Row]:
    """Return the keys of every method, and the short ones of the penalties."""
    rows: list[Row] = []
    for key, having in shared_settings().items():
        *others, last = [f"`{method.name}`" for method in having]
        names = f"{', '.join(others)} or {last}" if others else last
        meaning = (
            f"sets {'λ' if key == 'lambda' else key} of the one penalty in use ({names}); an error with none or several"
        )
        info = having[0].Settings.model_fields[having[0].setting_fields()[key]]
        rows.append((f"regularizer.{key}", "null", words_of(info), meaning))
    for name, method in METHODS.items():
        content = content_of(CONF / "regularizer" / f"{name}.yaml")
        search = content.get("search", {})
        for setting, field_name in method.setting_fields().items():
            info = method.Settings.model_fields[field_name]
            meant = MEANINGS.get(f"{name}.{setting}", MEANINGS.get(setting))
            if meant is None and setting == method.main_setting():
                meant = str(method.__doc__).splitlines()[0].rstrip(".")
            parts = [] if meant is None else [meant]
            searched = str(search.get(f"regularizer.{name}.{setting}", ""))
            parts += (
                [f"searched: {shown_range(searched, content.get('ranges', {}))}"]
                if searched and setting != "use"
                else []
            )
            taken_out = ", false takes it out of the network" if method.can_take_out else ""
            meaning = f"whether it is used{taken_out}; searched on and off" if setting == "use" else "; ".join(parts)
            rows.append((f"regularizer.{name}.{setting}", typed(info.default), words_of(info), meaning))
    return rows


def sweeper(conf: type[RegsweepSweeperConf | GridSweeperConf]) -> list[Row]:
    """Return the settings of a sweeper, with the comments that stand before them in the source."""
    source = inspect.getsource(conf).splitlines()
    rows = []
    for each in fields(conf):
        if each.name in ("_target_", "defaults", "sampler"):
            continue
        place = next(i for i, line in enumerate(source) if re.match(rf"    {each.name}:", line))
        first = place
        while source[first - 1].strip().startswith("#"):
            first -= 1
        meaning = " ".join(line.strip("# ") for line in source[first:place])
        default = typed(getattr(conf(), each.name))
        allowed = SWEEPER_VALUES.get(each.name) or SWEEPER_VALUES[str(each.type)]
        rows.append((f"hydra.sweeper.{each.name}", default, allowed, meaning))
    return rows


def top_level() -> list[Row]:
    """Return a row per key that belongs to no group."""
    defaults = content_of(CONF / "config.yaml")
    meanings = {"seed": "draws initial weights, batch order, dropout and methods", **comments(CONF / "config.yaml")}
    return [
        (key, typed(defaults[key]), words_of(RunConfig.model_fields[key]), meanings[key])
        for key in ("task", "objective", "objective_direction", "seed")
    ]


def page() -> str:
    """Return the whole page."""
    trainer, device = CONF / "trainer" / "default.yaml", CONF / "device" / "auto.yaml"
    parts = [
        HEAD,
        "## Data\n",
        choices("dataset"),
        "",
        table(datasets()),
        "\n## Network\n",
        choices("model"),
        "\nFurther keys below `model` are parameters of the network's own class: `model.hidden=[128,128]` of `mlp`. "
        "`own` takes any network: [models.md](models.md).",
        "\n## Regularization\n",
        choices("regularizer"),
        "\n`regularizer.NAME=value` is the short form: its first setting after `use`, or `use` for true and false.\n",
        table(methods()),
        "\n## Optimizer\n",
        choices("optimizer"),
        "",
        table(optimizers()),
        "\n## Training\n",
        table(
            [
                *section("trainer", TrainerConfig, content_of(trainer), comments(trainer)),
                *top_level(),
            ]
        ),
        "\n## Device\n",
        choices("device"),
        "",
        table(section("device", DeviceConfig, content_of(device), comments(device))),
        "\n## Sweeps\n",
        choices("sweep"),
        "",
        "Of a search:\n",
        table(sweeper(RegsweepSweeperConf)),
        "\nOf a grid:\n",
        table(sweeper(GridSweeperConf)),
        "",
        "Samplers (`hydra/sweeper/sampler=tpe`) are Hydra's; pruners:\n",
        choices("hydra/sweeper/pruner"),
        "\nLaunchers:\n",
        choices("hydra/launcher"),
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the page, or check it."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
        raise SystemExit("docs/configuration.md is stale; write it anew with: python docs/configuration.py")


if __name__ == "__main__":
    main()
