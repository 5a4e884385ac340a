"""All studies of a data set, on all cores, in parts that survive a stop."""
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .part_key import code_of_parts, key_of_inputs
from .raw_study import Dropped, RawStudy
from .study_conversion import ConversionOptions, convert_study

_EXAMPLES = 20
_LEFT_OUT = '-'  # in place of a split, in the parts' lines; no split can be called so
#: In place of a reason: the study is kept, and its report should be looked at.
DOUBTFUL = 'kept, but its report holds no medical word'
# Parts with these are made anew: what was missing may be there by now.
_MENDABLE = (Dropped.NO_REPORT.value, Dropped.FOREIGN.value, Dropped.UNREADABLE.value)


@dataclass
class PartSummary:
    """What became of the studies of a part, or of all.

    Attributes:
        kept: Studies by split.
        images: Images of these by split.
        dropped: Studies by split, and by reason within it.
        examples: Some of the dropped by reason, ``<study>: <detail>``.
        images_lost: Images that could not be read although the study was kept.
        doubtful: Studies that were kept although their report holds no word that reports of radiographs use.
    """
    kept: Counter = field(default_factory=Counter)
    images: Counter = field(default_factory=Counter)
    dropped: dict[str, Counter] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    images_lost: int = 0
    doubtful: int = 0

    def by_reason(self) -> 'Counter[str]':
        """Dropped studies by reason, of all splits."""
        return sum(self.dropped.values(), Counter())

    def add(self, other: 'PartSummary') -> None:
        """Take in the counts of another part."""
        self.kept.update(other.kept)
        self.images.update(other.images)
        for split, reasons in other.dropped.items():
            self.dropped.setdefault(split, Counter()).update(reasons)
        self.images_lost += other.images_lost
        self.doubtful += other.doubtful
        for reason, examples in other.examples.items():
            mine = self.examples.setdefault(reason, [])
            mine += examples[:_EXAMPLES - len(mine)]


class Conversion:
    """Converts studies in parts, each written to a file of its own as soon as it is done.

    Args:
        parts_root: Folder of the parts; it is made, and removed by :meth:`clean`.
        options: What is done with every study.
        fingerprint: Says which input it is (names, sizes and times of the tables); parts of another one, of other
            options or code, or with a report or an image that is another file by now, are not used.
        workers: Processes; by default one for each core that may be used.
        part_size: Studies a part.
    """

    def __init__(self, parts_root: Path, options: ConversionOptions, fingerprint: Iterable[object],
                 workers: int | None = None, part_size: int = 256) -> None:
        key = json.dumps([code_of_parts(), _LEFT_OUT, part_size, str(options), [str(item) for item in fingerprint]])
        self._root = parts_root
        self._folder = parts_root / hashlib.sha256(key.encode()).hexdigest()[:16]
        self._options = options
        self._workers = workers or available_cores()
        self._part_size = part_size
        self._paths: list[Path] = []

    def run(self, studies: Iterable[RawStudy], total: int) -> PartSummary:
        """Convert all studies, but not those whose parts are there from a run that was stopped.

        Args:
            studies: In the order of the annotation file, the same at each run.
            total: Their number, for the progress bar.

        Raises:
            KeyboardInterrupt: If it was stopped; what is done is kept.
            RuntimeError: If a worker was killed.
            OSError: If parts or copies cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        executor = ProcessPoolExecutor(self._workers, initializer=start_worker) if self._workers > 1 else None
        try:
            if executor is not None:
                executor.submit(int).result()  # fork now, before the progress bar has its thread
            return self._run(studies, total, executor)
        except BrokenProcessPool:
            raise RuntimeError('A worker was killed, perhaps for lack of memory. What is done is kept: run it again, '
                               'with fewer --workers') from None
        finally:
            if executor is not None:
                executor.shutdown(cancel_futures=True)

    def _run(self, studies: Iterable[RawStudy], total: int, executor: ProcessPoolExecutor | None) -> PartSummary:
        summary, reused = PartSummary(), 0
        progress = Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn('studies'),
                            TextColumn('{task.fields[rate]}'), TimeElapsedColumn(), TextColumn('left'),
                            TimeRemainingColumn(elapsed_when_finished=False), refresh_per_second=2)
        with progress:
            task = progress.add_task('converting', total=total, rate='')
            for part, count, done_before in self._done(studies, executor):
                summary.add(part)
                reused += count if done_before else 0
                progress.advance(task, count)
                speed = progress.tasks[0].speed
                progress.update(task, rate=f'{speed:,.0f}/s' if speed else '')
        if reused:
            progress.console.print(f'{reused:,} of these studies were done before the last stop.')
        return summary

    def entries(self, split: str) -> Iterator[str]:
        """The entries of a split as JSON text, in order."""
        for path in self._paths:
            with path.open(encoding='utf-8') as file:
                next(file)
                for line in file:
                    of_split, entry = line.rstrip('\n').split('\t', 1)
                    if of_split == split:
                        yield entry

    def left_out(self) -> Iterator[list[str]]:
        """Study, split, reason and what exactly was found, of each study and each image that was left out, in order."""
        return map(json.loads, self.entries(_LEFT_OUT))

    def clean(self) -> None:
        """Remove the parts, of this run and of those that were stopped before."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _done(self, studies: Iterable[RawStudy],
              executor: ProcessPoolExecutor | None) -> Iterator[tuple[PartSummary, int, bool]]:
        """Summary and number of studies of each part in order, and whether it was there."""
        iterator, number = iter(studies), 0
        waiting: deque[tuple[PartSummary | Future, int, bool]] = deque()
        while part := list(islice(iterator, self._part_size)):
            path = self._folder / f'part-{number:06d}.jsonl'
            self._paths.append(path)
            number += 1
            there = _reusable_summary(path, key_of_inputs(part, self._options))
            if there is None and executor is not None:
                waiting.append((executor.submit(convert_part, part, self._options, path), len(part), False))
            else:
                waiting.append((there or convert_part(part, self._options, path), len(part), there is not None))
            while waiting and (len(waiting) > 4 * self._workers or _is_done(waiting[0][0])):
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())


def convert_part(studies: list[RawStudy], options: ConversionOptions, path: Path) -> PartSummary:
    """Convert some studies and write them to a file: a line with the summary, then ``<split><tab><entry>`` lines.

    What is left out stands among them, as :meth:`Conversion.left_out` gives it.
    """
    summary, lines = PartSummary(), []
    inputs = key_of_inputs(studies, options)  # before they are read: what changes meanwhile is read anew
    for study in studies:
        outcome = convert_study(study, options)
        if outcome.entry is None:
            reason = outcome.reason.value if outcome.reason else ''
            summary.dropped.setdefault(study.split, Counter())[reason] += 1
            if len(examples := summary.examples.setdefault(reason, [])) < _EXAMPLES:
                examples.append(f'{study.study_id}: {outcome.detail}' if outcome.detail else study.study_id)
            lines.append(_left_out_line(study, reason, outcome.detail))
        else:
            summary.kept[study.split] += 1
            summary.images[study.split] += len(outcome.entry['images'])
            summary.images_lost += len(study.images) - len(outcome.entry['images'])
            lines.append(f'{study.split}\t{json.dumps(outcome.entry, ensure_ascii=False)}\n')
            if outcome.detail:
                lines.append(_left_out_line(study, 'some of its images', outcome.detail))
            if outcome.doubtful is not None:
                summary.doubtful += 1
                lines.append(_left_out_line(study, DOUBTFUL, outcome.doubtful))
    unfinished = path.with_suffix(f'.{os.getpid()}.part')
    with unfinished.open('w', encoding='utf-8', errors='replace') as file:
        file.write(json.dumps(vars(summary) | dict(inputs=inputs)) + '\n')
        file.writelines(lines)
    os.replace(unfinished, path)
    return summary


def _left_out_line(study: RawStudy, reason: str, detail: str) -> str:
    return f'{_LEFT_OUT}\t{json.dumps([study.study_id, study.split, reason, detail])}\n'


def _reusable_summary(path: Path, inputs: str) -> PartSummary | None:
    try:
        with path.open(encoding='utf-8') as file:
            saved: dict[str, Any] = json.loads(file.readline())
        dropped = {split: Counter(reasons) for split, reasons in saved['dropped'].items()}
        summary = PartSummary(Counter(saved['kept']), Counter(saved['images']), dropped, saved['examples'],
                              saved['images_lost'], saved['doubtful'])
        if saved['inputs'] != inputs:
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None if summary.images_lost or any(summary.by_reason()[reason] for reason in _MENDABLE) else summary


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def start_worker() -> None:
    """Begin a worker process: Ctrl-C is the main process's matter, and it does not outlive that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process stops the work, part by part
    threading.Thread(target=_leave_with_main_process, daemon=True).start()


def _leave_with_main_process() -> None:
    """End this worker when the main process was killed: it would wait for work for ever."""
    main_process = multiprocessing.parent_process()
    if main_process is not None:
        main_process.join()
        os._exit(1)


def _is_done(result: 'PartSummary | Future') -> bool:
    return isinstance(result, PartSummary) or result.done()


def _result(waiting: 'tuple[PartSummary | Future, int, bool]') -> tuple[PartSummary, int, bool]:
    result, count, there = waiting
    return (result if isinstance(result, PartSummary) else result.result()), count, there
