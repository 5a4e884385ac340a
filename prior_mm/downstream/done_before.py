"""What was done of a run before, judged by the fingerprints that stand in its result and its checkpoints."""
import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prior_mm.checkpoints.checkpoint import latest_checkpoint, read_meta
from prior_mm.engine.launch import find_checkpoint
from prior_mm.files.file_hash import sha256
from prior_mm.files.fingerprint import differences, fingerprint, in_a_line

from .command_line import read_run


@dataclass(frozen=True)
class Stand:
    """How far a run is.

    Attributes:
        tested: Whether its result is there, of the same settings, code and files.
        otherwise: What is there of another training under the same name, in words; '' if nothing is.
        trained: Whether its training was tested before, so that only the test is to be done.
    """

    tested: bool = False
    otherwise: str = ''
    trained: bool = False


def stand_of(out: Path, trained: argparse.Namespace | None, tested: argparse.Namespace, weights: bool) -> Stand:
    """How far a run is.

    Args:
        out: Its result file.
        trained: The options of its training, as :func:`.command_line.add_run_options` names them; None if there is
            none.
        tested: Those of its test.
        weights: Whether the test takes a checkpoint of the run's folder, not random weights.

    Raises:
        ValueError: If files that the run needs are not there, or a result is damaged.
    """
    record = _read(out) if out.is_file() else None
    said = (record or {}).get('fingerprint') or {}
    same_training, folder = False, None
    if trained is not None:
        config, _ = read_run(trained, training=True)
        wanted, folder = fingerprint(config.to_dict(), training=True), config.work_dir
        if record is not None and (found := differences(said.get('training'), wanted)):
            return Stand(otherwise=f'{out} is of another run: {in_a_line(found)}')
        last = latest_checkpoint(folder)
        if last and (found := differences(read_meta(last).get('fingerprint'), wanted)):
            return Stand(otherwise=f'{last} is of another run: {in_a_line(found)}')
        same_training = record is not None
    config, _ = read_run(tested, training=False)
    same_test = record is not None and not differences(said.get('test'), fingerprint(config.to_dict(), training=False))
    same_weights = not weights or _same_weights(record, config.work_dir)
    return Stand(tested=same_test and same_weights, trained=same_training and same_weights)


def _same_weights(record: dict[str, Any] | None, folder: str) -> bool:
    """Whether a test would take the checkpoint that was tested; also if all are gone."""
    try:
        return record is not None and sha256(find_checkpoint(folder, '')) == record.get('checkpoint_sha256')
    except FileNotFoundError:
        return True


def _read(out: Path) -> dict[str, Any]:
    try:
        record = json.loads(out.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{out} is not JSON ({error}). Remove it') from None
    if not isinstance(record, dict):
        raise ValueError(f'{out} is no result of tools/test.py. Remove it')
    return record
