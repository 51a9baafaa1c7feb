"""Puts faults into one module after another and counts those that its tests notice.

    pip install mutmut && python tests/mutation.py sweeper/tables report/effort --sample 200

mutmut makes the faults, one at a time, and runs the tests of `MODULES` on each within a process of its own; it works in
a copy of the project. What survives is printed as a diff: a missing test, or a fault that changes nothing but words.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

CONTRACT = "tests/regularizers/test_contract.py"
TRAINING = "tests/test_training.py"
ANSWER = "tests/decisions/test_answer.py"
CONFIRM = "tests/decisions/test_confirm.py"
FOREIGN = "tests/report/test_foreign.py"
PLAN = "tests/decisions/test_plan.py"
STAGES = "tests/decisions/test_stages.py"
KEYED = "tests/decisions/test_keyed.py"
POOLED = "tests/decisions/test_pooled.py"
SPLITS = "tests/decisions/test_new_splits.py"
TRACES = "tests/decisions/test_traces_of_{}.py"
ALL_FIGURES = "tests/decisions/test_figure_traces.py"
HEATMAP = TRACES.format("heatmap")
ON_AND_OFF = TRACES.format("on_and_off")
STRENGTH = TRACES.format("strength")
SEEDS = TRACES.format("seeds")
IMPORTANCE = "tests/decisions/test_importance.py"
ABLATION = "tests/decisions/test_ablation.py"
COURSES = "tests/decisions/test_courses.py"
PRUNED = "tests/decisions/test_pruned_figures.py"
SLICES = "tests/decisions/test_slices.py"
PARALLEL = "tests/decisions/test_parallel_coordinates.py"
CAPTIONS = "tests/decisions/test_captions_of_{}.py"
PAGES = CAPTIONS.format("pages")
ALL_CAPTIONS = tuple(
    CAPTIONS.format(figure)
    for figure in (
        *("courses", "curves", "front", "heatmap", "importance", "on_and_off"),
        *("progress", "seeds", "slices", "strength", "timeline", "weights"),
    )
)
FIGURES = "tests/report/test_figures.py"
PANEL = "tests/decisions/test_panel.py"
TASK = "tests/decisions/test_task.py"
CONFIRMED_TASKS = "tests/decisions/test_confirmed_tasks.py"
ARRAYS, TABLE, GROUPS = (f"tests/data/test_{name}.py" for name in ("arrays", "table", "groups"))
TORCH = "tests/data/test_torch_datasets.py"
SCORING, LOSSES = "tests/test_scoring.py", "tests/test_losses.py"
INITIAL, NETWORKS, ADAPTED = (f"tests/models/test_{name}.py" for name in ("initial", "any_network", "adapted"))
STRENGTHS, REFUSED = "tests/optimizers/test_strength.py", "tests/optimizers/test_bad_input.py"
TRAINED = "tests/test_trained.py"

MODULES: dict[str, tuple[str, ...]] = {
    "app/objective": ("tests/decisions/test_direction_of_sweep.py",),
    "app/calls": ("tests/app/test_calls.py", "-k", "end_of or folder"),
    "app/loading": (TRAINED,),
    "app/predict": (TRAINED,),
    "data/arrays": (ARRAYS, GROUPS),
    "data/columns": (TABLE,),
    "data/groups": (GROUPS,),
    "data/load": ("tests/data/test_splits.py", GROUPS, "tests/data/test_leakage.py"),
    "data/preparation": (
        TABLE,
        SCORING,
        ARRAYS,
        "-k",
        "preparation or scale or standardize or numbers or bytes or floats",
    ),
    "data/streamed": (TORCH, "-k", "not command_line"),
    "data/table": (TABLE, GROUPS),
    "data/targets": (ARRAYS,),
    "data/torch_datasets": (TORCH, "-k", "not command_line and not bits"),
    "direction": ("tests/test_direction.py",),
    "losses": (LOSSES,),
    "metrics": (SCORING,),
    "models/initial": (INITIAL, "-k", "not under_every"),
    "models/probe": (NETWORKS, ADAPTED, "tests/models/test_models.py", "-k", "not command and not timm and not search"),
    "models/resolve": ("tests/models/test_resolve.py", NETWORKS, "-k", "not command and not search"),
    "objectives": (SCORING, TASK),
    "optimizers/build": (STRENGTHS, REFUSED),
    "optimizers/meaning": (STRENGTHS, REFUSED),
    "optimizers/muon": (STRENGTHS, REFUSED),
    "optimizers/resolve": (REFUSED, STRENGTHS),
    "optimizers/step_size": (STRENGTHS,),
    "preparation_record": (TRAINED,),
    "report/diverged": (CONFIRMED_TASKS,),
    "report/task": (TASK,),
    "scoring": (SCORING, LOSSES),
    "sweeper/branches": ("tests/sweeper/test_branches.py", "-k", "not resumes"),
    "trained": (TRAINED,),
    "trusted": ("tests/test_trusted.py", "tests/models/test_resolve.py"),
    "app/ablation": (ABLATION,),
    "app/candidates": (PLAN, CONFIRM, STAGES),
    "app/confirm": (CONFIRM, ANSWER),
    "app/contestants": ("tests/decisions/test_contestants.py",),
    "app/effort": ("tests/decisions/test_contestants.py",),
    "app/keyed": (KEYED,),
    "app/choosing": (PLAN, STAGES, KEYED, "tests/decisions/test_first_trials.py"),
    "app/plan": (PLAN, CONFIRM, KEYED, STAGES, ABLATION),
    "app/planning": (PLAN, KEYED, "tests/decisions/test_plan_of_comparison.py"),
    "app/searched": ("tests/app/test_searches.py::test_what_is_typed_says_what_is_searched",),
    "app/short_forms": ("tests/app/test_searches.py::test_what_is_typed_says_what_is_searched",),
    "app/splits": (SPLITS,),
    "app/terms": (KEYED,),
    "app/composed": (KEYED, PLAN),
    "app/program": ("tests/app/test_any_application.py",),
    "data/overlap": (SPLITS,),
    "app/stages": (PLAN, CONFIRM, STAGES, KEYED),
    "chosen": ("tests/test_config.py",),
    "hooks": ("tests/test_hooks.py", TRAINING, "tests/test_side_by_side.py", CONTRACT),
    "member": (
        "tests/decisions/test_restore_best.py",
        TRAINING,
        "tests/test_side_by_side.py",
        "tests/test_schedules.py",
    ),
    "report/figures/captions": ALL_CAPTIONS,
    "report/figures/compare": (
        TRACES.format("compared_sweeps"),
        f"{PAGES}::test_several_sweeps_are_described_as_they_are",
    ),
    "report/figures/curves": (
        TRACES.format("curves"),
        CAPTIONS.format("curves"),
        ALL_FIGURES,
        "-k",
        "curves or figure_traces",
    ),
    "report/figures/families": (STRENGTH,),
    "report/figures/difference_marks": (TRACES.format("forest"), ABLATION),
    "report/figures/forest": (TRACES.format("forest"), PAGES, FIGURES, "-k", "forest or confirm"),
    "report/figures/front": (
        TRACES.format("front"),
        PRUNED,
        CAPTIONS.format("front"),
        ALL_FIGURES,
        "-k",
        "front or figure_traces",
    ),
    "report/figures/cells": (HEATMAP, "tests/decisions/test_points.py"),
    "report/figures/heatmap": (HEATMAP, PRUNED, CAPTIONS.format("heatmap"), ALL_FIGURES, "-k", "map or figure_traces"),
    "report/figures/importance": (IMPORTANCE, TRACES.format("importance")),
    "report/figures/ingredients": (ABLATION, f"{PAGES}::test_ingredients_are_described_as_far_as_they_were_trained"),
    "report/figures/on_and_off": (
        ON_AND_OFF,
        PRUNED,
        ALL_FIGURES,
        "-k",
        "off or pair or panel or figure_traces",
    ),
    "report/figures/parallel_axes": (PARALLEL,),
    "report/figures/parallel_coordinates": (PARALLEL,),
    "report/figures/points": ("tests/decisions/test_points.py", ON_AND_OFF, STRENGTH, HEATMAP),
    "report/figures/progress": (
        TRACES.format("progress"),
        PRUNED,
        CAPTIONS.format("progress"),
        ALL_FIGURES,
        "-k",
        "progress or best_so_far or figure_traces",
    ),
    "report/figures/regularized": ("tests/decisions/test_points.py", ON_AND_OFF, STRENGTH, HEATMAP),
    "report/figures/scale": (SLICES,),
    "report/figures/seeds": (
        SEEDS,
        POOLED,
        CAPTIONS.format("seeds"),
        ALL_FIGURES,
        "-k",
        "seeds or the_figure or no_figure or figure_traces",
    ),
    "report/figures/strength": (STRENGTH, SLICES, ALL_FIGURES),
    "report/figures/strength_marks": (STRENGTH, SLICES, ALL_FIGURES),
    "report/figures/weights": (TRACES.format("weights"), FIGURES, "-k", "weights or zero"),
    "report/page/alternative": ("tests/report/test_alternative.py",),
    "report/page/confirmed_runs": (PANEL,),
    "report/page/panel": (PANEL,),
    "statistics/main_effects": (IMPORTANCE,),
    "pooling": (POOLED, "tests/decisions/test_keyed.py"),
    "names": ("tests/test_config.py", "tests/decisions/test_regularization.py"),
    "report/ablation": (ABLATION,),
    "report/answer/comparison": (ANSWER,),
    "report/answer/differences": (ANSWER,),
    "report/answer/ingredients": (ABLATION,),
    "report/answer/limits": (ANSWER, SPLITS, "tests/decisions/test_first_trials.py"),
    "report/answer/phrases": (ANSWER, SPLITS),
    "report/answer/pooled": (POOLED,),
    "report/answer/sentences": (ANSWER, POOLED),
    "report/answer/settling": (ANSWER,),
    "report/confirmation": (ANSWER, "tests/decisions/test_confirmation.py"),
    "report/each_example": (ANSWER, "tests/decisions/test_confirmation.py", "tests/decisions/test_confirmed_tasks.py"),
    "report/effort": ("tests/decisions/test_effort.py",),
    "report/figures/intermediate_values": (
        COURSES,
        CAPTIONS.format("courses"),
        ALL_FIGURES,
        "-k",
        "courses or figure_traces",
    ),
    "report/figures/pruned": (PRUNED, COURSES, *ALL_CAPTIONS, ALL_FIGURES, "-k", "pruned or figure_traces or another"),
    "report/figures/results_by_epochs": (
        PRUNED,
        COURSES,
        CAPTIONS.format("courses"),
        ALL_FIGURES,
        "-k",
        "epochs or figure_traces or another",
    ),
    "report/figures/slices": (SLICES, PRUNED),
    "report/figures/timeline": (COURSES, CAPTIONS.format("timeline"), "-k", "courses or timeline"),
    "report/once_more": ("tests/decisions/test_once_more.py",),
    "report/pooled": (POOLED,),
    "report/pooled_table": (POOLED,),
    "report/read_confirmation": (ANSWER, SPLITS, KEYED, ABLATION, "tests/decisions/test_confirmation.py"),
    "report/regularization": ("tests/decisions/test_regularization.py",),
    "report/summary": ("tests/decisions/test_summary.py", "tests/decisions/test_confirmation.py"),
    "report/sweep": ("tests/decisions/test_best_trial.py", f"{FOREIGN}::test_hostile_text_stays_as_it_is"),
    "report/terms": ("tests/decisions/test_terms.py",),
    "report/tune": (POOLED,),
    "report/check": ("tests/decisions/test_check.py",),
    "report/table": ("tests/decisions/test_best_trial.py",),
    "schedules": ("tests/test_schedules.py",),
    **dict.fromkeys(
        (f"statistics/{name}" for name in ("checks", "claims", "comparison", "intervals", "p_values", "power")),
        ("tests/test_statistics.py", "-k", "not covers and not seldom"),
    ),
    "sweeper/engine": ("tests/decisions/test_engine.py",),
    "sweeper/job": ("tests/decisions/test_job.py",),
    "sweeper/live": ("tests/decisions/test_live.py",),
    "sweeper/sampler": ("tests/decisions/test_sampler.py",),
    "sweeper/tables": ("tests/decisions/test_tables.py",),
    "training": (TRAINING, "tests/test_side_by_side.py"),
}
"""For each module the tests that should notice any fault in it, without those that take more than seconds."""

KILLED = {1, 3}
TIMED_OUT = {36, -24, 24, 152, 255}


def main() -> None:
    """Test the named modules, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; all where none is named"
    )
    parser.add_argument("--sample", type=int, default=200, help="faults of each module, at most (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    arguments = parser.parse_args()
    for unknown in set(arguments.modules) - set(MODULES):
        parser.error(f"{unknown}: no such module; there are {', '.join(MODULES)}")
    for module in arguments.modules or MODULES:
        print(report(PROJECT, module, MODULES[module], arguments.sample, arguments.seed), flush=True)


def report(project: Path, module: str, tests: tuple[str, ...], most: int, seed: int) -> str:
    """Return how many of a module's faults (a sample of at most `most`) its tests notice, and those they do not."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        folder = copy(project, Path(place), module, tests)
        names = mutants(folder, module)
        drawn = sorted(random.Random(seed).sample(names, most)) if len(names) > most else names  # noqa: S311
        done = subprocess.run(
            (*MUTMUT, "run", "--max-children", "1", *drawn), cwd=folder, capture_output=True, text=True, check=False
        )
        results = folder / "mutants" / "regsweep" / f"{module}.py.meta"
        codes = json.loads(results.read_text())["exit_code_by_key"] if results.is_file() else {}
        codes = {name: codes.get(name) for name in drawn}
        if not drawn or None in codes.values():
            return f"{module}: mutmut did not finish\n{done.stdout[-5000:]}{done.stderr[-5000:]}"
        killed = sum(code in KILLED or code in TIMED_OUT for code in codes.values())
        of = f" of {len(names)}, drawn with seed {seed}" if len(drawn) < len(names) else ""
        lines = [f"{module}: {killed}/{len(drawn)} noticed ({100 * killed / len(drawn):.0f} %){of}"]
        for name, code in codes.items():
            if code not in KILLED and code not in TIMED_OUT:
                lines += [
                    "",
                    f"{name} ({'no test runs it' if code == 33 else f'exit code {code}'})",
                    difference(folder, name),
                ]
        return "\n".join(lines)


MUTMUT = (str(Path(sys.executable).with_name("mutmut")),)


def copy(project: Path, place: Path, module: str, tests: tuple[str, ...]) -> Path:
    """Return a copy of the project in which mutmut changes this module alone."""
    folder = place / "project"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "multirun", "mutants")
    shutil.copytree(project, folder, ignore=ignored)
    options = {
        "source_paths": ["regsweep"],
        "only_mutate": [f"regsweep/{module}.py"],
        "also_copy": ["conf", "examples", "benchmarks", "README.md", "docs", "CHANGELOG.md"],
        "pytest_add_cli_args_test_selection": list(tests),
        "pytest_add_cli_args": ["-n", "0", "-p", "no:cacheprovider"],
        "timeout_multiplier": 4.0,
        "timeout_constant": 5.0,
    }
    lines = ["[mutmut]"]
    for key, value in options.items():
        values = value if isinstance(value, list) else [value]
        lines.append(f"{key} =" + "".join(f"\n  {each}" for each in values))
    (folder / "setup.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def mutants(folder: Path, module: str) -> list[str]:
    """Return the names of all faults that mutmut makes of a module."""
    path = f"regsweep/{module}.py"
    code = (
        "import sys; from pathlib import Path;"
        "from mutmut.mutation.file_mutation import mutate_file_contents as mutate;"
        "print(*mutate(sys.argv[1], Path(sys.argv[1]).read_text()).mutant_names, sep='\\n')"
    )
    done = subprocess.run((sys.executable, "-c", code, path), cwd=folder, capture_output=True, text=True, check=True)
    return [f"regsweep.{module.replace('/', '.')}.{name}" for name in done.stdout.split()]


def difference(folder: Path, name: str) -> str:
    """Return a fault as a diff."""
    shown = subprocess.run((*MUTMUT, "show", name), cwd=folder, capture_output=True, text=True, check=False).stdout
    return "\n".join(line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
