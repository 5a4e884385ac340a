"""Sets of splits to be written: the one that the user chose, or the repeats of protocols."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from prior_mm.protocols import FOLDS, HALVED, LISTS, PROTOCOLS, Protocol, Setting, protocol

from ..count_table import print_examples
from .halved_splits import halved_splits
from .settings import DownstreamSettings
from .splits import Splits, draw_folds, draw_splits
from .tally import Dropped, Tally

TASKS = ('classification', 'segmentation', 'detection')


@dataclass(frozen=True)
class Repeat:
    """A set of splits, and what is written of it.

    Attributes:
        splits: Which image goes where.
        tasks: Those that get annotation files.
        folder: Of the files, below ``annotations/``; '' for this one itself.
        positives_only: Whether images without the finding are in none of the splits.
        metainfo: ``protocol`` and ``repeat``, for the annotation files; nothing where there is no protocol.
    """
    splits: Splits
    tasks: tuple[str, ...] = TASKS
    folder: str = ''
    positives_only: bool = False
    metainfo: Mapping[str, str] = field(default_factory=dict)

    def annotations(self, settings: DownstreamSettings) -> Path:
        """Folder of the annotation files."""
        return settings.annotations / self.folder

    def describe(self) -> str:
        """Protocol, repeat and tasks, as a user reads them."""
        return ' '.join([*self.metainfo.values(), f'({", ".join(self.tasks)})'])


#: A set of splits that was written, and what became of the images.
Written = tuple[Repeat, Tally]


def protocols_of(dataset: str) -> dict[str, Protocol]:
    """Protocols by name for which a data set can be split."""
    return {name: item for name, item in PROTOCOLS.items() if _tasks(item, dataset)}


def needs_lists(name: str, dataset: str) -> bool:
    """Whether a protocol's splits of a data set are published lists."""
    return any(setting.splits == LISTS for setting in _tasks(protocol(name), dataset).values())


def missing_lists(settings: DownstreamSettings, names: Sequence[str], dataset: str) -> list[str]:
    """A line for each protocol whose lists are not given."""
    return [f'splits: the protocol {name} takes published lists for {dataset}. Give their folder, with train.txt, '
            'val.txt and test.txt in it, as --split-dir'
            for name in names if needs_lists(name, dataset) and settings.split_dir is None]


def protocol_repeats(settings: DownstreamSettings, names: Sequence[str], dataset: str,
                     labels: Mapping[str, frozenset[str]], patients: Mapping[str, str], table: Path) -> list[Repeat]:
    """The repeats of protocols on a data set, each with its splits.

    Args:
        settings: Where the lists are, and the smaller sets of labels.
        names: Of the protocols.
        dataset: As the protocols call it.
        labels: Findings of each image; one that has none is negative.
        patients: The patient of each image.
        table: Where the images' ids come from.

    Raises:
        ValueError: If a protocol is unknown or says nothing of the data set.
        TableError: If lists contradict the table or each other.
    """
    repeats = []
    for name in dict.fromkeys(names):
        item = protocol(name)
        tasks = _tasks(item, dataset)
        if not tasks:
            raise ValueError(f'the protocol {name} has no splits for {dataset}; there are those of '
                             f'{", ".join(protocols_of(dataset))}')
        for repeat in dict.fromkeys(repeat for setting in tasks.values() for repeat in setting.repeats):
            sharing = tuple(task for task, setting in tasks.items() if repeat in setting.repeats)
            setting = tasks[sharing[0]]
            taken = {image: found for image, found in labels.items() if found or not setting.positives_only}
            repeats.append(Repeat(_splits(settings, setting, repeat, taken, patients, table), sharing,
                                  f'{item.folder}/{repeat}', setting.positives_only,
                                  dict(protocol=name, repeat=repeat)))
    return repeats


def print_repeats(written: Sequence[Written], console: Console, examples: int = 0) -> None:
    """Print a table of the images by repeat, and of those left out by reason.

    Args:
        written: The repeats.
        console: Where to.
        examples: Number of images left out to name for each reason, of the repeat that has most.
    """
    splits = list(dict.fromkeys(split for repeat, _ in written for split in repeat.splits.names))
    reasons = [reason for reason in Dropped if any(tally.dropped(reason) for _, tally in written)]
    table = Table(title='Images')
    table.add_column('', overflow='fold')  # words give way, numbers do not
    for name in [*splits, 'all']:
        table.add_column(name, justify='right', no_wrap=True)
    for reason in reasons:
        table.add_column(reason.value, justify='right', min_width=7)
    for repeat, tally in written:
        counts = [tally.kept[split] for split in splits]
        counts += [sum(counts), *(tally.dropped(reason) for reason in reasons)]
        table.add_row(repeat.describe(), *(f'{count:,}' for count in counts))
    console.print(table)
    for reason in reasons if examples else ():
        most = max((tally for _, tally in written), key=lambda tally: tally.dropped(reason))
        print_examples({reason.value: most.examples(reason)}, console, examples)


def _tasks(item: Protocol, dataset: str) -> dict[str, Setting]:
    return {task: setting for task, setting in item.tasks(dataset).items() if task in TASKS}


def _splits(settings: DownstreamSettings, setting: Setting, repeat: str, labels: Mapping[str, frozenset[str]],
            patients: Mapping[str, str], table: Path) -> Splits:
    seed = setting.seed(repeat)
    if setting.splits == LISTS:
        return settings.read_lists(labels, table)
    if setting.splits == HALVED:
        return halved_splits(labels, setting.shares, settings.percents, seed)
    if setting.splits == FOLDS:
        folds = draw_folds(labels, patients, len(setting.repeats), settings.percents, seed)
        return folds[setting.repeats.index(repeat)]
    return draw_splits(labels, patients, setting.shares, settings.percents, seed)
