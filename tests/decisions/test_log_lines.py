"""A line of the log on a terminal of 40 columns."""

import pytest

from regsweep.app.log_lines import broken

LONG = "data         digits: train 200 / validation 288"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("trial 0: train 0.9600  validation 0.78", "trial 0: train 0.9600  validation 0.78"),
        (LONG, "data         digits: train 200 /\n             validation 288"),
        ("searches the learning rate alone: no method is", "searches the learning rate alone: no\nmethod is"),
        (f"sweep in /{'x' * 50}", f"sweep in\n/{'x' * 50}"),
        ("stopped: 10 done; resume with: regsweep resume a", "stopped: 10 done; resume with:\nregsweep resume a"),
        ("classes      cat: 114, dog: 117, bird: 113", "classes      cat: 114, dog: 117,\n             bird: 113"),
        (f"sweep in /{'実験' * 7} by", f"sweep in /{'実験' * 7}\nby"),
        (f"folder       /{'😀' * 12} {'é' * 4}", f"folder       /{'😀' * 12}\n             {'é' * 4}"),
        ("combining    " + "e\u0301" * 20 + " ends", "combining    " + "e\u0301" * 20 + " ends"),
        (f"trial 0 failed\n  {LONG}", f"trial 0 failed\n  {LONG}"),
    ],
)
def test_it_is_broken_between_words(line: str, shown: str) -> None:
    """A sign of Japanese, or an emoji, takes two of a terminal's cells, an accent that is added to a letter none."""
    assert broken(line, 40) == shown
