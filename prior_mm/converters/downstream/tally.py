"""What became of the images of a data set: kept by split and label, dropped by split and reason."""
from collections import Counter
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console

from ..annotation_files import write_left_out
from ..count_table import CountTable, print_examples

_EXAMPLES = 20


class Dropped(str, Enum):
    """Why an image is left out, in the order in which it is looked at."""
    NOT_IN_TABLE = 'not in the table'
    LATERAL = 'not a frontal view'
    NEGATIVE = 'without the finding'
    NOT_IN_SPLIT = 'not in the split lists'
    NO_LABEL = 'no label is known'
    NOT_ANNOTATED = 'not in the annotation files'
    NOT_EXCLUSIVE = 'not exactly one of the findings'
    MISSING = 'image missing or empty'
    UNREADABLE = 'image unreadable'


#: The reasons that nobody asked for: such images are listed one by one, not only counted.
FAULTS = (Dropped.NOT_ANNOTATED, Dropped.MISSING, Dropped.UNREADABLE)


class Tally:
    """Counts, some examples, and all faults.

    Args:
        labels: What is counted of the images kept, in order; an image may have several, or none.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self.kept: Counter[str] = Counter()
        self._labels: dict[str, Counter[str]] = {}
        self._dropped: dict[str, Counter[Dropped]] = {}
        self._examples: dict[Dropped, list[str]] = {}
        self._faults: list[tuple[str, str, str]] = []

    def keep(self, split: str, labels: tuple[str, ...] | list[str]) -> None:
        """Count an image that is kept, with its labels."""
        self.kept[split] += 1
        self._labels.setdefault(split, Counter()).update(labels)

    def drop(self, split: str, reason: Dropped, example: str) -> None:
        """Count an image that is not; the split is '' if it has none."""
        self._dropped.setdefault(split, Counter())[reason] += 1
        if len(examples := self._examples.setdefault(reason, [])) < _EXAMPLES:
            examples.append(example)
        if reason in FAULTS:
            self._faults.append((example, split, reason.value))

    def note(self, split: str, what: str, reason: str) -> None:
        """List what is left out of an image that is kept, such as its mask."""
        self._faults.append((what, split, reason))

    def write_faults(self, path: Path) -> None:
        """List the images that should have been there in a CSV file; without any, there is none."""
        write_left_out(path, self._faults, ('image', 'split', 'reason'))

    def summary(self, split: str) -> dict[str, Any]:
        """Of one split, for its annotation file."""
        found, dropped = self._labels.get(split, Counter()), self._dropped.get(split, Counter())
        return dict(kept=self.kept[split], labels={name: found[name] for name in self.labels},
                    dropped={reason.value: dropped[reason] for reason in Dropped if dropped[reason]})

    def dropped(self, reason: Dropped) -> int:
        """Images left out for a reason, of all splits and of none."""
        return sum(counts[reason] for counts in self._dropped.values())

    def examples(self, reason: Dropped) -> list[str]:
        """Some of them."""
        return list(self._examples.get(reason, []))

    def check_not_empty(self) -> None:
        """Make sure that something was kept.

        Raises:
            ValueError: If not; the message says why.
        """
        if not self.kept:
            reasons = sum(self._dropped.values(), Counter())
            raise ValueError('No image can be kept (' + (', '.join(
                f'{reason.value}: {count:,}, such as {self._examples[reason][0]}'
                for reason, count in reasons.most_common()) or 'there is none') + ')')

    def print(self, splits: tuple[str, ...], console: Console, examples: int = 0) -> None:
        """Print the table.

        Args:
            splits: Its columns.
            console: Where to.
            examples: Number of dropped images to name for each reason.
        """
        columns = [*splits, *([''] if '' in self._dropped else [])]
        table = CountTable('Images', columns)
        table.add('kept', [self.kept[split] for split in columns], 'bold')
        for label in self.labels:
            table.add(f'  with {label}', [self._labels.get(split, Counter())[label] for split in columns])
        for reason in Dropped:
            counts = [self._dropped.get(split, Counter())[reason] for split in columns]
            if any(counts):
                table.add(f'dropped: {reason.value}', counts)
        table.print(console)
        print_examples({reason.value: found for reason, found in self._examples.items()}, console, examples)
