"""Fuzzing of all that reads files from elsewhere: real bytes, broken in many ways, in; an answer or our error out.

Every input has a number, and is made of it and the seed alone: ``tools/fuzz.py dicom --first 4711 --inputs 1`` makes it
again. ``tests/test_fuzz.py`` runs some of each target, ``tools/fuzz.py`` as many as one likes.
"""
import random
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fuzz_targets import TARGETS

LONGEST = 10.  # seconds of the processor's time for one input; it takes milliseconds
_LARGEST = 2**17  # bytes of an input


class Finding(NamedTuple):
    """Something that must not happen.

    Attributes:
        number: The first input that it happened with.
        what: The error, and where.
    """
    number: int
    what: str


@dataclass
class Outcome:
    """What became of the inputs of a target.

    Attributes:
        name: The target.
        inputs: Their number.
        outcomes: How many were read, and how many refused.
        seconds: All of it.
        slowest: The slowest input, in seconds of the processor's time.
        peak: Memory of the process at its largest, in MB.
        findings: Each fault once, with the number of inputs that show it.
    """
    name: str
    inputs: int = 0
    outcomes: Counter = field(default_factory=Counter)
    seconds: float = 0.
    slowest: float = 0.
    peak: float = 0.
    findings: dict[Finding, int] = field(default_factory=dict)


class _TooLong(BaseException):
    """The time for one input is over; no ``except Exception`` catches it."""


def make_input(name: str, number: int, seed: int = 0) -> bytes:
    """The bytes of an input: one of the target's real ones, with up to eight faults."""
    target, draw = TARGETS[name], random.Random(f'{name} {seed} {number}')
    seeds = target.seeds()
    content = bytearray(draw.choice(seeds))
    for _ in range(draw.choice((0, 1, 1, 2, 3, 5, 8))):
        _break(content, draw, seeds, target.pieces)
    return bytes(content[:_LARGEST])


def fuzz(name: str, inputs: int, seed: int = 0, first: int = 0,
         progress: Callable[[int], None] = lambda done: None) -> Outcome:
    """Give a target so many inputs.

    Args:
        name: The target, one of ``TARGETS``.
        inputs: How many.
        seed: Another one makes other inputs.
        first: Number of the first.
        progress: Is told how many are done.
    """
    outcome, faults, began = Outcome(name), {}, time.perf_counter()
    with tempfile.TemporaryDirectory(prefix='fuzz') as folder:
        for number in range(first, first + inputs):
            content, start = make_input(name, number, seed), time.process_time()
            try:
                with _time_limit(LONGEST):
                    outcome.outcomes[TARGETS[name].check(content, Path(folder, 'fuzzed file'))] += 1
            except (Exception, _TooLong) as error:
                what = _describe(error)
                faults.setdefault(what, []).append(number)
            outcome.slowest = max(outcome.slowest, time.process_time() - start)
            outcome.inputs += 1
            progress(outcome.inputs)
    outcome.seconds = time.perf_counter() - began
    outcome.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    outcome.findings = {Finding(numbers[0], what): len(numbers) for what, numbers in faults.items()}
    return outcome


def _describe(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if 'fuzzing.py' not in frame.filename]
    ours = [frame for frame in frames if 'prior_mm' in frame.filename or 'fuzz_targets' in frame.filename] or frames
    place = f'{Path(ours[-1].filename).name}, line {ours[-1].lineno}' if ours else 'at once'
    kind = f'more than {LONGEST:g} s' if isinstance(error, _TooLong) else f'{type(error).__name__}: {str(error)[:150]}'
    return f'{place}: {kind}'


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number, frame):
        raise _TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _break(content: bytearray, draw: random.Random, seeds: list[bytes], pieces: tuple[bytes, ...]) -> None:
    """One fault, in place."""
    start = draw.randrange(len(content) + 1)
    length = min(int(2 ** draw.uniform(0, 10)), len(content) - start)
    kind = draw.randrange(9)
    if kind == 0 and start < len(content):
        content[start] ^= 1 << draw.randrange(8)
    elif kind == 1 and start < len(content):
        content[start] = draw.choice((0, 0xff, 0x7f, 0x80, draw.randrange(256)))
    elif kind == 2:
        content[start:start + length] = draw.randbytes(length)
    elif kind == 3:
        del content[start:start + length]
    elif kind == 4:
        content[start:start] = content[start:start + length] * draw.choice((1, 2, 30))
    elif kind == 5:
        del content[start:]
    elif kind == 6:
        other = draw.choice(seeds)
        place = draw.randrange(len(other) + 1)
        content[start:start + length] = other[place:place + draw.randrange(1024)]
    elif kind == 7:
        content[start:start] = draw.choice(pieces) * draw.choice((1, 1, 1, 2, 100, 3000))
    else:
        piece = draw.choice(pieces)
        content[start:start + len(piece)] = piece
