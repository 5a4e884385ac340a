"""Sets of splits of a data set of one's own: by seeds, by folds, or given."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prior_mm.protocols import OWN, protocol

from ..downstream.protocol_repeats import Repeat, protocol_repeats
from ..downstream.settings import DownstreamSettings
from ..downstream.splits import Splits, check_patients, draw_folds, given_splits, with_validation

#: Name of the repeat whose splits are given, by the table or by lists.
GIVEN = 'given'


@dataclass(frozen=True)
class SplitOptions:
    """How the splits come about where they are not given.

    Attributes:
        seeds: A set of splits for each; the first one also draws the smaller sets of labels where splits are given.
        folds: Draw so many folds, with the first seed, instead; 0 draws shares.
        val_percent: Of the training images, that become ``val`` where splits are given without it.
        protocol: Whose published lists are given, of the data set that it calls :attr:`dataset`; by default one's own.
        dataset: See :attr:`protocol`.
    """
    seeds: tuple[int, ...] = (0, )
    folds: int = 0
    val_percent: float = 15.
    protocol: str = OWN
    dataset: str = ''


def own_repeats(settings: DownstreamSettings, options: SplitOptions, labels: Mapping[str, frozenset[str]],
                patients: Mapping[str, str], given: Mapping[str, str] | None, table: Path,
                tasks: Sequence[str]) -> list[Repeat]:
    """The repeats of a data set of one's own: ``seed<N>``, ``fold<N>``, or ``given``; or those lists of a protocol.

    Published lists are taken as they are: patients are not compared.

    Args:
        settings: Shares, smaller sets, and the folder of lists, if there is one.
        options: See :class:`SplitOptions`.
        labels: Findings of each image.
        patients: The patient of each image.
        given: The split of each image, where the table gives it.
        table: For messages.
        tasks: That get annotation files.

    Raises:
        TableError: If splits that are given have a patient in two, or are faulty otherwise.
        ValueError: If there are fewer than 3 folds.
    """
    if options.protocol != OWN:
        return protocol_repeats(settings, [options.protocol], options.dataset, labels, patients, table)

    def repeat(name: str, splits: Splits) -> Repeat:
        return Repeat(splits, tuple(tasks), f'{protocol(OWN).folder}/{name}', metainfo=dict(protocol=OWN, repeat=name))

    seed = options.seeds[0]
    if settings.split_dir is not None or given is not None:
        where = settings.split_dir or table
        splits = settings.splits(labels, patients, table) if given is None or settings.split_dir is not None else \
            given_splits(given, labels, settings.percents, seed, str(table))
        check_patients(splits, patients, str(where))
        if 'train' in splits.names and 'val' not in splits.names:
            splits = with_validation(splits, labels, patients, options.val_percent, settings.percents, seed)
        return [repeat(GIVEN, splits)]
    if options.folds:
        return [repeat(f'fold{number}', splits) for number, splits in
                enumerate(draw_folds(labels, patients, options.folds, settings.percents, seed))]
    return [repeat(f'seed{seed}', settings.with_seed(seed).splits(labels, patients, table)) for seed in options.seeds]
