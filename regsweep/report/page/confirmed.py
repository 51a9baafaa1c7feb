"""The table of a confirmation on the page: what each configuration reached, and by how much it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep.report.confirmation import SCORE
from regsweep.report.page.confirmed_runs import every
from regsweep.report.page.trials import href

if TYPE_CHECKING:
    from regsweep.report.confirmation import Against, Confirmation, Trained
    from regsweep.report.terms import Terms


def table(confirmation: Confirmation | None) -> dict[str, Any] | None:
    """Return headings, rows (the baseline's first) and each one's runs; None where nothing was confirmed."""
    if confirmation is None:
        return None
    terms = confirmation.terms
    headings = ["configuration", f"mean {terms.title}", "between seeds ±", "seeds"]
    over = "minus" if terms.maximize else "gain over"  # less is better there, and a gain is above zero
    headings += [f"{over} the tuned baseline{', points' if terms.is_in_points else ''}", "95 % interval"]
    has_own = any(each.against_own is not None and each.against_own.comparison for each in confirmation.candidates)
    headings += [f"{over} its own baseline", "95 % interval"] if has_own else []
    headings += ["p (Holm)"] if confirmation.has_p_values else []
    rows: list[dict[str, Any]] = [{"cells": [*_reached(terms, confirmation.baseline)], "is_best": False}]
    for each in confirmation.candidates:
        p_value = each.claim.adjusted_p_value
        cells = [
            *_reached(terms, each),
            *_against(terms, each.against_tuned),
            *(_against(terms, each.against_own) if has_own else []),
            *([f"{p_value:.2g}" if p_value is not None else "–"] if confirmation.has_p_values else []),
        ]
        rows.append({"cells": cells, "is_best": each.claim.sign > 0})
    width = len(headings)
    for row in rows:
        row["cells"] += [""] * (width - len(row["cells"]))
    own = f"the same with {terms.without}" if terms.baseline else "the same network without regularization"
    return {
        "headings": headings,
        "rows": rows,
        "note": f"Its own baseline: {own}, at its own other settings." if has_own else "",
        "runs": [(trained.name, _runs(trained)) for trained, _ in every(confirmation)],
    }


def _runs(trained: Trained) -> list[dict[str, Any]]:
    """Return seed, folder and link of each run."""
    return [
        {"seed": int(seed), "folder": folder, "href": href(folder)}
        for seed, folder in zip(trained.runs["seed"], trained.runs["folder"], strict=True)
        if not pd.isna(seed)
    ]


def _reached(terms: Terms, trained: Trained) -> list[str]:
    values = trained.complete[SCORE].astype(float)
    spread = terms.size(float(values.std())).removesuffix(terms.unit) if len(values) > 1 else "–"
    mean = terms.value(float(values.mean())) if len(values) else "–"
    return [trained.name, mean, spread, f"{len(values)} of {len(trained.runs)}"]


def _against(terms: Terms, against: Against | None) -> list[str]:
    if against is None or against.comparison is None:
        return ["–", ""]
    return [terms.signed(against.comparison.mean, against.of_baseline), terms.ends(against.comparison.interval)]
