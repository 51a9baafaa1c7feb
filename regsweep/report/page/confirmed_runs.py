"""The runs of a confirmation, as the page shows each: what was trained, what it reached, and what runs it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep.names import short_names
from regsweep.report.ablation import REST
from regsweep.report.confirmation import SCORE
from regsweep.report.details import read_program
from regsweep.report.page.trials import command, href
from regsweep.report.table import show_value

if TYPE_CHECKING:
    from regsweep.report.confirmation import Against, Confirmation, Trained
    from regsweep.report.sweep import Sweep


def runs(sweep: Sweep, confirmation: Confirmation | None) -> dict[str, dict[str, Any]]:
    """Return title, facts, link and command of each run that the confirmation compares, by its folder.

    A fact is a name and a text and, where it is of two runs, the folder of the other one.
    """
    if confirmation is None:
        return {}
    program = [] if confirmation.terms.is_own else read_program(sweep)
    found: dict[str, dict[str, Any]] = {}
    for trained, againsts in every(confirmation):
        settings = [
            [name, show_value(trained.parameters[key])]
            for key, name in short_names(list(trained.parameters)).items()
            if trained.parameters[key] is not None
        ]
        for run in trained.runs.to_dict("records"):
            if pd.isna(run["seed"]):
                continue
            folder, seed = str(run["folder"]), int(run["seed"])
            found[folder] = {
                "title": f"{trained.name}, seed {seed}",
                "facts": [
                    *settings,
                    ["seed", str(seed)],
                    *_reached(confirmation, run),
                    *_gains(confirmation, againsts, seed),
                    *_additions(confirmation, trained, seed),
                ],
                "error": None if pd.isna(run["error"]) else str(run["error"]),
                "folder": href(folder),
                "command": command(sweep.folder / folder, is_own=confirmation.terms.is_own, program=program),
            }
    return found


def every(confirmation: Confirmation) -> list[tuple[Trained, list[Against]]]:
    """Return every configuration that was trained on fresh seeds, and what it is compared with."""
    found: list[tuple[Trained, list[Against]]] = [(confirmation.baseline, [])]
    owns: dict[tuple[str, ...], Trained] = {}  # two configurations may have one
    for each in confirmation.candidates:
        own = each.against_own
        if own is None or own.baseline is confirmation.baseline:
            found.append((each, [each.against_tuned]))
        else:
            found.append((each, [each.against_tuned, own]))
            owns[tuple(own.baseline.runs["folder"])] = own.baseline
    return [*found, *((own, []) for own in owns.values()), *((part, []) for part in confirmation.parts)]


def _reached(confirmation: Confirmation, run: dict[Any, Any]) -> list[list[str]]:
    terms, score, seconds = confirmation.terms, run[SCORE], run["total_seconds"]
    facts = [["status", str(run["status"])]]
    facts += [] if pd.isna(score) else [[terms.title, terms.value(float(score))]]
    return facts + ([] if pd.isna(seconds) else [["seconds", f"{float(seconds):.1f}"]])


def _gains(confirmation: Confirmation, againsts: list[Against], seed: int) -> list[list[str]]:
    """Return by how much a run is better than those that it is paired with, as the figure has it."""
    terms, facts = confirmation.terms, []
    for against in againsts:
        which = "the tuned" if against.baseline is confirmation.baseline else "its own"
        if seed in against.seeds:
            difference = float(against.differences[against.seeds.index(seed)])
            text = f"{terms.signed(difference)}{terms.unit}"
            facts.append([f"gain over {which} baseline", text, against.baseline.folder_of(seed)])
    return facts


def _additions(confirmation: Confirmation, trained: Trained, seed: int) -> list[list[str]]:
    """Return what an ingredient adds to a part of the mixture, or as the only one, on this seed."""
    terms, facts = confirmation.terms, []
    for each in confirmation.ablation.additions if confirmation.ablation is not None else ():
        if each.part is trained and each.other is not None and seed in each.seeds:
            difference = float(each.differences[each.seeds.index(seed)])
            what = f"what {each.ingredient} adds {'to it' if each.to == REST else each.to}"
            facts.append([what, f"{terms.signed(difference)}{terms.unit}", each.other.folder_of(seed)])
    return facts
