"""The command that tunes what a grid of presets ran as it stood: `regsweep compare` of its kinds."""

from __future__ import annotations

from collections.abc import Iterable

from regsweep.report.details import read_command, read_flags, read_override_lines, show_command
from regsweep.report.regularization import takes_out
from regsweep.report.sweep import Sweep

_TUNED = ("optimizer.lr", "regularizer.lambda")
_OTHERWISE = ("sweep", "trainer.test", "trainer.save_weights")
"""Keys that a comparison sets itself."""
_LAUNCHER = ("hydra/launcher", "hydra.launcher", "hydra.job")


def is_of_presets(sweep: Sweep) -> bool:
    """Return whether a sweep ran presets of methods side by side, at the settings that they have."""
    keys = [key for key in sweep.swept if key.startswith("regularizer.")]
    return sweep.is_own and not sweep.is_comparison and "regularizer" in sweep.swept and not keys


def compare_command(sweep: Sweep) -> str | None:
    """Return the command that tunes each preset of a sweep alone, and compares all.

    All else is as in the sweep; where another key was swept, too, as in its best configuration.

    Returns:
        None where the sweep is none of presets, and where its network without regularization had a method from
        elsewhere: that is another baseline than `regsweep compare` has.
    """
    best, command = sweep.best(), read_command(sweep)
    if not is_of_presets(sweep) or best is None or command is None or not _is_pure(sweep):
        return None
    arguments = [str(argument) for argument in command.get("arguments") or []]
    options = _contestants(sweep)
    lines = read_override_lines(sweep.folder / str(sweep.row(best.number)["folder"]))
    if not options or not lines or any(_names_another_configuration(argument) for argument in arguments):
        return None
    others = [line for line in lines if _is_kept(sweep, line)]
    launcher = [each for each in arguments if each.partition("=")[0].startswith(_LAUNCHER)]
    listed = f"regularizer={','.join(options)}"
    return show_command(sweep, ["regsweep", "compare", *read_flags(sweep), listed, *others, *launcher])


def _names_another_configuration(argument: str) -> bool:
    return argument.partition("=")[0] in ("--config-path", "-cp", "--config-name", "-cn")


def _is_pure(sweep: Sweep) -> bool:
    """Return whether a configuration that chose no preset had no method, or a method that all have comes from one."""
    bare = [n for n, option in _options(sweep) if option == "none" and n in sweep.regularization]
    if bare:
        return not any(sweep.kind(number) for number in bare)
    lines = read_override_lines(sweep.folder / str(sweep.trials["folder"].iloc[0]))
    return not any(line.startswith(("experiment=", "+experiment=")) or _turns_on(sweep, line) for line in lines)


def _options(sweep: Sweep) -> list[tuple[int, str]]:
    return [
        (int(n), str(option)) for n, option in zip(sweep.trials["number"], sweep.trials["regularizer"], strict=True)
    ]


def _contestants(sweep: Sweep) -> list[str]:
    """Return the presets as they were typed, each once: two that come to the same methods are one."""
    found: dict[str, str] = {}
    for number, option in _options(sweep):
        kind = sweep.kind(number) if number in sweep.regularization else None
        if kind != [] and option not in ("none", "[]", "[none]", "None"):
            same = option if kind is None else repr(sorted((each.title, each.description) for each in kind))
            found.setdefault(same, option)
    return list(dict.fromkeys(found.values()))


def _is_kept(sweep: Sweep, line: str) -> bool:
    """Return whether an override of a trial is one of the comparison, too."""
    key = line.partition("=")[0].lstrip("+~")
    if key in (*_TUNED, *_OTHERWISE, "regularizer") or (key == "seed" and key in sweep.swept):
        return False
    if not key.startswith("regularizer."):
        return True
    if takes_out(line):
        return takes_out(line) not in _used(sweep)
    name, _, setting = key.removeprefix("regularizer.").partition(".")
    mains = _used(sweep)
    return setting not in ("", mains[name]) if name in mains else not setting


def _turns_on(sweep: Sweep, line: str) -> bool:
    """Return whether an override uses a method, whichever preset is chosen."""
    key, _, value = line.lstrip("+").partition("=")
    names: Iterable[str] = _used(sweep)
    is_named = key in {each for name in names for each in (f"regularizer.{name}", f"regularizer.{name}.use")}
    return is_named and value.lower() not in ("false", "null")


def _used(sweep: Sweep) -> dict[str, str | None]:
    """Return the main setting of each method that a trial used, by the method's name."""
    used = {number: sweep.used(number) for number in sweep.regularization}
    return {name: method.main for methods in used.values() for name, method in methods.items()}
