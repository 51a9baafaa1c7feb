"""Which folders of a multirun are those of its jobs, and what the number of each is."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from regsweep.errors import RegsweepError, show
from regsweep.paths import RunPaths, SweepPaths

Job = tuple[int, Path]
"""Number and folder."""

_NUMBER = r"0|[1-9][0-9]{0,8}"

DEEPEST = 5
"""Levels below a sweep's folder that hydra.sweep.subdir may put its jobs at."""


def find_jobs(folder: Path) -> list[Job]:
    """Return the jobs of the multirun in `folder` in the order of their numbers: folders named so, or any below it.

    With another hydra.sweep.subdir the number stands in each job's own .hydra/hydra.yaml; where two jobs have the
    same one (the folder was used twice), they are numbered in the order of their folders.

    Raises:
        RegsweepError: when several multiruns lie in `folder`.
    """
    is_sweep = SweepPaths(folder).multirun.is_file() or SweepPaths(folder).optimization_results.is_file()
    with os.scandir(folder) as entries:
        named = [entry for entry in entries if re.fullmatch(_NUMBER, entry.name) and entry.is_dir()]
    numbered = sorted((int(entry.name), folder / entry.name) for entry in named)
    jobs = [job for job in numbered if is_sweep or _is_job(job[1])]
    # One that never began lies in a folder named by its number, also where the others were given names.
    if any(_is_job(path) for _, path in jobs) and not _has_names(folder):
        return jobs
    below = list(_jobs_below(folder))
    if not below:
        return jobs
    numbers = {path: _number(path) for path in below}
    numbers |= {path: number for number, path in jobs if _is_job(path) and path not in numbers}
    if None not in numbers.values() and len(set(numbers.values())) == len(numbers):
        found = sorted((number, path) for path, number in numbers.items() if number is not None)
        _require_no_level_between(folder, found, is_sweep=is_sweep)
        return found
    if not is_sweep:
        raise RegsweepError(f"{show(folder)}: several sweeps lie in it; give one of them")
    return list(enumerate(sorted(numbers)))


def _is_job(path: Path) -> bool:
    paths = RunPaths(path)
    return any(file.exists() for file in (paths.overrides.parent, paths.result, paths.trial))


def _jobs_below(folder: Path) -> Iterable[Path]:
    """Yield the folders with a .hydra in them, leaving out those of another sweep that lies inside this one."""
    for place, names, files in os.walk(folder):
        path = Path(place)
        depth = len(path.parts) - len(folder.parts)
        if depth and (RunPaths(path).overrides.parent.name in names or SweepPaths(path).multirun.name in files):
            if SweepPaths(path).multirun.name not in files:
                yield path
            names.clear()
        elif depth == DEEPEST:
            names.clear()


def settings_file(path: Path) -> Path:
    """Return where a job's folder has Hydra's own settings."""
    return RunPaths(path).config.with_name("hydra.yaml")


def _number(path: Path) -> int | None:
    try:
        text = settings_file(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(r"^  job:\n(?:    .*\n)*?    num: (\d{1,9})$", text, re.MULTILINE)
    return int(found[1]) if found else None


def _require_no_level_between(folder: Path, jobs: Sequence[Job], *, is_sweep: bool) -> None:
    """Refuse a folder whose only content is a sweep's folder: there lies what belongs to the sweep."""
    parents = {path.parent for number, path in jobs if path.name == str(number)}
    if not is_sweep and len(parents) == 1 and len({path.parent for _, path in jobs}) == 1:
        raise RegsweepError(f"{show(folder)}: no sweep itself; give {show(parents.pop())}")


def _has_names(folder: Path) -> bool:
    """Return whether the jobs of the multirun in `folder` were given other names than their numbers."""
    try:
        text = SweepPaths(folder).multirun.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    found = re.search(r"^  sweep:\n(?:    .*\n)*?    subdir: (.*)$", text, re.MULTILINE)
    return found is not None and found[1].strip("'\"") != "${hydra.job.num}"


class JobFolders:
    """The folders of a multirun's jobs while it runs, by their numbers.

    Args:
        folder: the multirun's, with its multirun.yaml.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_names = _has_names(folder)
        self._number_of: dict[Path, int | None] = {}
        self._found: dict[int, Path] = {}

    def of(self, number: int) -> Path:
        """Return the folder of a job; of one that never began the one that has its number for a name."""
        if self._has_names and number not in self._found:
            self._look()
        alone = self._folder / str(number)
        is_another = self._has_names and RunPaths(alone).overrides.exists()
        return self._found.get(number, alone.with_name(f"{number}.failed") if is_another else alone)

    def name_of(self, number: int) -> str:
        """Return the path of a job's folder from that of the multirun."""
        return str(self.of(number).relative_to(self._folder))

    def numbers(self) -> list[int]:
        """Return the numbers of the jobs that left a record, or what Hydra writes of a job, in order."""
        if self._has_names:
            self._look()
        named = [path for path in self._folder.iterdir() if re.fullmatch(_NUMBER, path.name)]
        numbered = {int(path.name): path for path in named if not self._has_names or path not in self._number_of}
        places = {**numbered, **self._found}
        there = (n for n, path in places.items() if RunPaths(path).is_ended or RunPaths(path).overrides.exists())
        return sorted(there)

    def _look(self) -> None:
        for path in _jobs_below(self._folder):
            if self._number_of.get(path) is None:
                number = self._number_of[path] = _number(path)
                if number is not None:
                    self._found[number] = path
