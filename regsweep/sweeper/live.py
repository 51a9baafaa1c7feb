"""What a person sees of a sweep on a terminal: progress, what runs, the best so far, time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from regsweep.numbers import show_number


class LiveTable:
    """A few lines at the bottom of the terminal, below the trials' own lines; nothing where there is no terminal.

    Args:
        n_trials: trials in all.
        num_done: trials that were finished when this start began.
        direction: of the first objective.
    """

    def __init__(self, n_trials: int, num_done: int, direction: StudyDirection) -> None:
        self._n_trials, self._num_before = n_trials, num_done
        self._direction = direction
        self._began = time.monotonic()
        self._running: dict[int, Mapping[str, Any]] = {}
        self._states: Counter[str] = Counter()
        self._best: FrozenTrial | None = None
        console = Console()
        self._live = (
            Live(console=console, refresh_per_second=4, get_renderable=self._render) if console.is_terminal else None
        )

    @property
    def is_shown(self) -> bool:
        """Return whether there is a terminal to show it on."""
        return self._live is not None

    def __enter__(self) -> LiveTable:
        """Show it."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave its last state on the terminal."""
        self._running.clear()
        if self._live:
            self._live.stop()

    def start(self, number: int, parameters: Mapping[str, Any]) -> None:
        """Show a trial that starts."""
        self._running[number] = parameters

    def end(self, trial: FrozenTrial) -> None:
        """Show a trial that has ended."""
        self._running.pop(trial.number, None)
        self._states[trial.state.name] += 1
        if trial.state.name == "COMPLETE" and (self._best is None or self._is_better(trial, self._best)):
            self._best = trial

    def _is_better(self, trial: FrozenTrial, than: FrozenTrial) -> bool:
        assert trial.values is not None
        assert than.values is not None
        sign = 1 if self._direction == StudyDirection.MAXIMIZE else -1
        return bool(sign * (trial.values[0] - than.values[0]) > 0)

    def _render(self) -> Group:
        done = sum(self._states.values()) + self._num_before
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(self._n_trials, done, width=30), self._progress(done))
        rows = [line]
        texts = [Text.from_markup(f"running  trial {n}  {escape(_settings(p))}") for n, p in self._running.items()]
        if self._best is not None and self._best.values is not None:
            settings = escape(_settings(self._best.params))
            best = f"trial {self._best.number}  {show_number(self._best.values[0], 5)}"
            texts.append(Text.from_markup(f"[bold green]best     {best}[/]  {settings}"))
        return Group(*rows, *texts)

    def _progress(self, done: int) -> str:
        parts = [f"{done}/{self._n_trials} trials"]
        parts += [
            f"{count} {name}"
            for name, count in (("pruned", self._states["PRUNED"]), ("failed", self._states["FAIL"]))
            if count
        ]
        finished = done - self._num_before
        if finished and done < self._n_trials:
            left = (time.monotonic() - self._began) / finished * (self._n_trials - done)
            parts.append(f"{int(left // 60)}:{int(left % 60):02d} left")
        return " · ".join(parts)


def _settings(parameters: Mapping[str, Any]) -> str:
    shown = {
        name.rpartition(".")[2]: show_number(value) if isinstance(value, float) else value
        for name, value in parameters.items()
    }
    return " ".join(f"{name}={value}" for name, value in shown.items())
