"""Writes ``docs/configuration.md``, the reference of every key, from the schema and the presets.

python docs/configuration.py            writes it
python docs/configuration.py --check    fails where it is stale
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from regsweep.chosen import shared_settings
from regsweep.config import AdamConfig, DatasetConfig, DeviceConfig, RunConfig, SGDConfig, TrainerConfig
from regsweep.fields import Section
from regsweep.paths import config_folder
from regsweep.regularizers import METHODS
from regsweep.sweeper.plugin import GridSweeperConf, RegsweepSweeperConf

PAGE = Path(__file__).resolve().parent / "configuration.md"
CONF = config_folder()

Row = tuple[str, str, str, str]
"""Key, default, allowed, meaning."""

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
    return str(value).lower() if isinstance(value, bool) else str(value).replace(" ", "")


def section(name: str, cls: type[Section], defaults: dict[str, Any], meanings: dict[str, str]) -> list[Row]:
    """Return a row per field of a section of the schema."""
    rows = []
    for field_name, info in cls.model_fields.items():
        key = info.alias or field_name
        allowed = (info.description or "").removeprefix("must be ").split(", for example")[0]
        rows.append((f"{name}.{key}", typed(defaults.get(key)), allowed, meanings.get(key, "")))
    return rows


def table(rows: list[Row]) -> str:
    """Return rows as Markdown; a bar within a cell is escaped."""
    head = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    cells = (tuple(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join([*head, *(f"| `{key}` | `{default}` | {rest[0]} | {rest[1]} |" for key, default, *rest in cells)])


def choices(group: str) -> str:
    """Return the presets of a group, each with its first sentence."""
    lines = [f"- `{group}={path.stem}`: {title(path)}" for path in presets(group) if title(path)]
    return "\n".join(lines)


def content_of(path: Path) -> dict[str, Any]:
    """Return the plain content of a preset."""
    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    assert isinstance(found, dict)
    return found


def optimizers() -> list[Row]:
    """Return the keys of the optimizers, each with the default of the first preset that has it."""
    rows: dict[str, Row] = {}
    rates: dict[str, list[str]] = {}
    for path in presets("optimizer"):
        rates.setdefault(shown_range(content_of(path)["search"]["optimizer.lr"], {}), []).append(path.stem)
    searched = "; ".join(f"{each} ({', '.join(names)})" for each, names in rates.items())
    for name, cls in (("sgd", SGDConfig), ("adam", AdamConfig)):
        path = CONF / "optimizer" / f"{name}.yaml"
        meanings = {key.partition(".")[2]: text for key, text in comments(path).items()}
        meanings["lr"] += f"; searched: {searched}"
        for row in section("optimizer", cls, content_of(path)["optimizer"], meanings):
            rows.setdefault(row[0], row)
    return [row for key, row in rows.items() if key != "optimizer.name"]


def shown_range(text: str, ranges: dict[str, Any]) -> str:
    """Return a range of Hydra's grammar in words; `ranges` by method and optimizer are those of its preset."""
    by_optimizer = re.fullmatch(r"\$\{ranges\.(\w+)\.\$\{optimizer\.name\}\}", text)
    if by_optimizer:
        names: dict[str, list[str]] = {}
        for optimizer, each in ranges[by_optimizer[1]].items():
            names.setdefault(shown_range(each, {}), []).append(optimizer)
        return "; ".join(f"{each} ({', '.join(optimizers)})" for each, optimizers in names.items())
    log = re.fullmatch(r"tag\(log, interval\((.+), (.+)\)\)", text)
    if log:
        return f"{log[1]} to {log[2]}, log"
    even = re.fullmatch(r"interval\((.+), (.+)\)", text)
    return f"{even[1]} to {even[2]}" if even else text.removeprefix("choice(").removesuffix(")")


def methods() -> list[Row]:
    """Return the keys of every method, and the short ones of the penalties."""
    rows: list[Row] = []
    for key, having in shared_settings().items():
        names = ", ".join(f"`{method.name}`" for method in having)
        rows.append((f"regularizer.{key}", "null", "see below", f"that of the one penalty in use that has it: {names}"))
    for name, method in METHODS.items():
        content = content_of(CONF / "regularizer" / f"{name}.yaml")
        search = content.get("search", {})
        for setting, field_name in method.setting_fields().items():
            info = method.Settings.model_fields[field_name]
            allowed = (info.description or "").removeprefix("must be ").split(", for example")[0]
            parts = [str(method.__doc__).splitlines()[0].rstrip(".")] if setting == method.main_setting() else []
            searched = str(search.get(f"regularizer.{name}.{setting}", ""))
            parts += (
                [f"searched: {shown_range(searched, content.get('ranges', {}))}"]
                if searched and setting != "use"
                else []
            )
            taken_out = ", false takes it out of the network" if method.can_take_out else ""
            meaning = f"whether it is used{taken_out}; searched on and off" if setting == "use" else "; ".join(parts)
            rows.append((f"regularizer.{name}.{setting}", typed(info.default), allowed, meaning))
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
        default = "" if each.default is MISSING else typed(each.default)
        rows.append(
            (f"hydra.sweeper.{each.name}", default or "{}", str(each.type).replace("Any", "see its meaning"), meaning)
        )
    return rows


def page() -> str:
    """Return the whole page."""
    base = CONF / "dataset" / "base.yaml"
    trainer, device = CONF / "trainer" / "default.yaml", CONF / "device" / "auto.yaml"
    seed = RunConfig.model_fields["seed"].description or ""
    parts = [
        HEAD,
        "## Data\n",
        choices("dataset"),
        "",
        table(
            [row for row in section("dataset", DatasetConfig, content_of(base), comments(base)) if "name" not in row[0]]
        ),
        "\n## Network\n",
        choices("model"),
        "\nFurther keys below `model` are parameters of the network's own class: `model.hidden=[128,128]` of `mlp`.",
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
                ("seed", "0", seed.removeprefix("must be "), "draws initial weights, batch order, dropout and methods"),
            ]
        ),
        "\n## Device\n",
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
