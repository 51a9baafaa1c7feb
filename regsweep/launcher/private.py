"""What submitit writes of its jobs is their owner's alone: pickles of the configuration, which may hold a password."""

from pathlib import Path

from omegaconf import DictConfig


def make_private_folder(launcher: DictConfig) -> None:
    """Make the folder of a launcher of submitit, readable by its owner alone (mode 700); others have none.

    A folder that is there already stays as it is.
    """
    if launcher.get("submitit_folder") is None:
        return
    from submitit.core.utils import JobPaths  # noqa: PLC0415  (an extra)

    # The part above %j and its like, which submitit puts in for each job.
    folder: Path = JobPaths.get_first_id_independent_folder(str(launcher.submitit_folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
