"""Fuzz what reads reports, run lengths, annotation files, DICOM files, images and tables (docs/security.md).

    python tools/fuzz.py [TARGET ...] [--inputs 100000]

Real bytes are broken in many ways; whatever a reader does but read or refuse in a message is a finding, and so is an
input that takes longer than 10 s. The exit status is 1 if there is one. The same seed makes the same inputs.
"""
import argparse
import logging
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests'))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz_targets import TARGETS
from fuzzing import fuzz
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('targets', nargs='*', metavar='TARGET', help=f'of {", ".join(TARGETS)} (default: all)')
    parser.add_argument('--inputs', type=int, default=100_000, metavar='N', help='of each target (default: 100,000)')
    parser.add_argument('--first', type=int, default=0, metavar='N', help='number of the first input (default: 0)')
    parser.add_argument('--seed', type=int, default=0, help='another one makes other inputs (default: 0)')
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.targets) - TARGETS.keys())
    if unknown:
        parser.error(f'there is no target {unknown[0]}; there are {", ".join(TARGETS)}')
    logging.getLogger('pydicom').setLevel(logging.ERROR)
    warnings.simplefilter('ignore')
    console, found = Console(stderr=True), 0
    print('| target | inputs | read | refused | seconds | slowest, ms | peak memory, MB | findings |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- |')
    for name in arguments.targets or TARGETS:
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, refresh_per_second=1, disable=not console.is_terminal) as bar:
            task = bar.add_task(name, total=arguments.inputs)
            outcome = fuzz(name, arguments.inputs, arguments.seed, arguments.first,
                           lambda done, bar=bar, task=task: bar.update(task, completed=done))
        print(f'| {name} | {outcome.inputs:,} | {outcome.outcomes["read"]:,} | {outcome.outcomes["refused"]:,} | '
              f'{outcome.seconds:.0f} | {1000 * outcome.slowest:.0f} | {outcome.peak:.0f} | {len(outcome.findings)} |',
              flush=True)
        for finding, count in outcome.findings.items():
            print(f'{name}, input {finding.number} and {count - 1} more: {finding.what}', file=sys.stderr, flush=True)
        found += len(outcome.findings)
    return int(found > 0)


if __name__ == '__main__':
    sys.exit(main())
