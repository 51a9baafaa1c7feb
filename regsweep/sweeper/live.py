"""What a person sees of a sweep on a terminal: progress, what runs, the best so far, time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from regsweep.numbers import count, show_number
from regsweep.plain_yaml import parse
from regsweep.sweeper.announce import leading, num_on_front, shown_value, varied
from regsweep.sweeper.space import NOT_SET


class LiveTable:
    """A few lines at the bottom of the terminal, below the trials' own lines; nothing where there is no terminal.

    Args:
        n_trials: trials in all.
        earlier: the trials that had ended when this start began.
        directions: of each objective.
        names: what the parameters are called; those that are not in it are not shown.
        ranked_apart: parameters of which each value has a ranking of its own.
        objective: what the one number is called that trials are ranked by; their own lines may show another.
    """

    def __init__(
        self,
        n_trials: int,
        earlier: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
        names: Mapping[str, str],
        ranked_apart: Sequence[str] = (),
        *,
        objective: str = "",
    ) -> None:
        self._n_trials, self._num_before, self._names = n_trials, len(earlier), names
        self._ranked_apart, self._objective = ranked_apart, objective.replace("_", " ")
        self._maximize = [direction == StudyDirection.MAXIMIZE for direction in directions]
        self._ended = [trial for trial in earlier if trial.user_attrs.get("duplicate_of") is None]
        self._began = time.monotonic()
        self._running: dict[int, Mapping[str, Any]] = {}
        self._states: Counter[str] = Counter()
        self._standing: Text | None = None
        self._num_ranked = 0
        console = Console()
        # FORCE_COLOR makes a terminal of a file, too; there each state of the table would stay.
        is_redrawn = console.is_interactive and console.file.isatty()
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._render) if is_redrawn else None

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
        if trial.user_attrs.get("duplicate_of") is None:
            self._ended.append(trial)

    def _render(self) -> Group:
        done = sum(self._states.values()) + self._num_before
        line = Table.grid(padding=(0, 1))
        line.add_column(max_width=30)  # the bar, which gives way to the words where the terminal is narrow
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(ProgressBar(self._n_trials, done), self._progress(done))
        rows = [line]
        texts = [Text.from_markup(f"running  trial {n}  {escape(self._settings(p))}") for n, p in self._running.items()]
        if self._num_ranked != len(self._ended):  # as late as that: where nothing is shown, nothing is ranked
            self._standing, self._num_ranked = self._rank(), len(self._ended)
        texts += [] if self._standing is None else [self._standing]
        for text in texts:  # one line each, however narrow the terminal
            text.no_wrap, text.overflow = True, "ellipsis"
        return Group(*rows, *texts)

    def _rank(self) -> Text | None:
        """Return what is best so far; of several objectives, how many trials no other one beats."""
        if (apart := varied(self._ended, self._ranked_apart)) is not None:
            return Text(f"best     none of all: scores at different values of {apart} are no comparison")
        if len(self._maximize) > 1:
            front, num_complete = num_on_front(self._ended, self._maximize)
            of_all = count(num_complete, "complete trial")
            return Text(f"front    {front} of {of_all}, beaten by none") if num_complete else None
        best = leading(self._ended, maximize=self._maximize[0])
        if best is None:
            return None
        value = f"{show_number(best.value, 5)} {self._objective}".rstrip()
        shown = f"{best.name}  {value}"
        return Text.from_markup(f"[bold green]best     {shown}[/]  {escape(self._settings(best.params))}")

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

    def _settings(self, parameters: Mapping[str, Any]) -> str:
        """Return what is set of a trial, what it does not use last, as the end may be cut.

        That something is used goes without saying beside a setting of it.
        """
        named = [(self._names[key], value) for key, value in parameters.items() if key in self._names]
        words = [word for name, value in named for word in _words(name, value)]
        used = {word.partition("=")[0].rpartition(".")[0] for word in words}
        words = [word for word in words if word.removesuffix("=true") not in used]
        return " ".join(sorted(words, key=lambda word: word.endswith("=false")))


def _words(name: str, value: Any) -> list[str]:
    """Return a setting as a person types it; nothing where it is not set, of a mapping a word for each of its keys."""
    if value in (None, "null", NOT_SET):
        return []
    inside = _inside(value)
    if inside is None:
        return [f"{name}={_shown(value)}"]
    if inside.pop("use", True) is False:
        return [f"{name}=false"]
    return [word for key, each in inside.items() for word in _words(f"{name}.{key}", each)] or [name]


def _inside(value: Any) -> dict[str, Any] | None:
    """Return what a value in Hydra's grammar, ``{use: true, p: 0.5}``, contains; None where it is no mapping."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value if isinstance(value, dict) else None
    try:
        content = parse(value)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else shown_value(value)
