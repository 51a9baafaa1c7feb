"""Draws what commands leave on a terminal of 80 columns, as SVG: python docs/terminal.py FOLDER [NAME ...].

The commands run for real, one after the other in FOLDER, and each picture is the last screen of one; progress is the
search when half of its trials are done. README shows compare and progress, in docs/. All take some six minutes.
"""

import io
import os
import pty
import re
import shlex
import sys
import textwrap
from contextlib import chdir
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 80, 44
NOISY = "dataset.train_size=200 dataset.label_noise=0.2"
COMMANDS = {
    "help": "--help",
    "run": "regularizer=dropout model=cnn trainer.epochs=10 hydra.run.dir=my_run",
    "grid": "-m regularizer=none,l1,l2,dropout,batch_norm seed=0,1,2 hydra.sweep.dir=my_grid",
    "search": f"-m sweep=regularization 'regularizer=[l2,dropout,batch_norm]' {NOISY} hydra.sweep.dir=my_sweep",
    "report": "report my_sweep",
    "confirm": "confirm my_sweep",
    "check": "check my_sweep --by 0.5",
    "resume": "resume my_sweep n_trials=24",
    "reproduce": "reproduce my_sweep/0",
    "compare": "compare regularizer=l2,dropout,batch_norm n_trials=10 --seeds 10 "
    f"{NOISY} hydra.sweep.dir=my_comparison",
}
"""A picture's name and its command, in the order in which they run."""

CONTROL = re.compile(r"\x1b\[(?P<number>[0-9;?]*)(?P<code>[A-Za-z])|(?P<move>[\r\n])")
FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Rich's picture fetches its font from another server; without it, the reader's own monospaced one is used."""


def output_of(command: str, folder: Path) -> str:
    """Run regsweep on a terminal of its own, and return everything that it wrote there, control sequences included."""
    written = bytearray()

    def read(terminal: int) -> bytes:
        block = os.read(terminal, 65536)
        written.extend(block)
        return block

    with chdir(folder):
        pty.spawn([sys.executable, "-m", "regsweep", *shlex.split(command)], read)
    return written.decode(errors="replace")


def lines_left(written: str) -> list[str]:
    """What stands on the terminal in the end: progress moves the cursor up and writes over its own lines."""
    lines, row, start = [""], 0, 0
    for control in CONTROL.finditer(written):
        lines[row] += written[start : control.start()]
        start = control.end()
        number, code = control["number"], control["code"]
        if control["move"] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif code == "A":
            row = max(0, row - int(number or 1))
        elif code == "K":
            lines[row] = ""
        elif code == "m":
            lines[row] += control.group()
    lines[row] += written[start:]
    return lines


def midway(written: str) -> str:
    """What a search had written when half of its trials were done: up to the place where that frame is overwritten."""
    return written[: written.index("\r\x1b[2K", written.index("10/20 trials"))]


def draw(command: str, written: str, file: Path) -> None:
    """Draw the command and the last screen, of help the first."""
    rows = [row for line in lines_left(written) for row in folded(Text.from_ansi(line))]
    while rows and not rows[-1]:
        rows.pop()
    shown = rows[:ROWS] if command == "--help" else rows[-ROWS:]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    typed = textwrap.wrap(f"$ regsweep {command}", COLUMNS - 2, subsequent_indent="    ", break_on_hyphens=False)
    for row in [Text(" \\\n".join(typed), style="bold"), *shown, Text()]:
        console.print(row, no_wrap=True, overflow="ignore", crop=False)
    file.write_text(FONTS.sub("", console.export_svg(title="", unique_id=file.stem)))


def folded(line: Text) -> list[Text]:
    """Return the rows of a terminal that a line takes: where it is longer, it goes on in the next one."""
    line.rstrip()
    return list(line.divide(range(COLUMNS, max(len(line), 1), COLUMNS)))


def main() -> None:
    """Run the commands, or those that are named, and draw each in FOLDER."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(ROWS), TERM="xterm-256color")
    for name in sys.argv[2:] or COMMANDS:
        written = output_of(COMMANDS[name], folder)
        draw(COMMANDS[name], written, folder / f"terminal-{name}.svg")
        if name == "search":
            draw(COMMANDS[name], midway(written), folder / "terminal-progress.svg")


if __name__ == "__main__":
    main()
