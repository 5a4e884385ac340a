"""Any number of results as tables: a row a model, a column a task; each protocol has its own."""
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from scipy import stats

from prior_mm.protocols import PROTOCOLS, protocol

from .overview import MAIN
from .published import Published
from .results import lists_overlap, not_whole

#: One table of all protocols, each named in its rows.
MIXED = 'several protocols'
_NAMED = 4  # so many settings stand in a row's name


class Column(NamedTuple):
    """A task on a data set with so many of the labels, and the figure that stands for it; in order of the tables."""

    task: str
    dataset: str
    labels: float | str | None
    figure: str
    synthetic: bool = False
    overlap: str = ''
    split: str = ''

    @property
    def title(self) -> str:
        """As a table has it."""
        labels = [] if self.labels is None else [f'{self.labels:g} %' if isinstance(self.labels, (int, float))
                                                 else str(self.labels)]
        marks = [*(['SYNTHETIC'] if self.synthetic else []), *([f'ON {self.split}'] if self.split else []),
                 *([self.overlap] if self.overlap else [])]
        return ' '.join([self.dataset, self.task.replace('_', '-'), *labels, self.figure.split('/', 1)[1], *marks])


@dataclass
class Cell:
    """What the runs of a model gave, shares or what the figure is counted in.

    Attributes:
        values: A figure a run.
        bounds: The interval of a single run over its images, if its result has one.
        files: The result files of the runs.
    """

    values: list[float] = field(default_factory=list)
    bounds: tuple[float, float] | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Over the runs."""
        return mean(self.values)

    @property
    def deviation(self) -> float | None:
        """Of the runs; None of one."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of 95 %: Student's of the mean of several runs, over the images of a single one."""
        if len(self.values) < 2:
            return self.bounds
        error = stdev(self.values) / len(self.values)**0.5
        low, high = stats.t.interval(0.95, len(self.values) - 1, self.mean, error) if error else (self.mean, self.mean)
        return float(low), float(high)


@dataclass
class Gathered:
    """One table.

    Attributes:
        protocol: Of all its rows, or :data:`MIXED`.
        cells: By row and column.
        as_protocol: By column, of the runs that were trained as the protocol has it: whether frozen, and the tricks.
        published: The sources of the rows that are of others; a row has the number of its source, from 1.
    """

    protocol: str
    cells: dict[str, dict[Column, Cell]] = field(default_factory=dict)
    as_protocol: dict[Column, set[tuple[bool, str]]] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[Column]:
        """Of any row, in order."""
        found = {column for row in self.cells.values() for column in row}
        return sorted(found, key=lambda column: [f'{part:08.3f}' if isinstance(part, (int, float)) else str(part)
                                                 for part in column])


def gather(records: Mapping[Path, Mapping[str, Any]], names: Mapping[str, str] | None = None, mixed: bool = False,
           published: Iterable[Published] = ()) -> list[Gathered]:
    """Put results into tables, one a protocol.

    Args:
        records: Results by their files, as :func:`.results.write_results` writes them.
        names: What a model is called, by its weights as a result names them (``pretrained``, or ``checkpoint``); by
            default by their folder.
        mixed: Whether all protocols share one table, whose rows then name theirs.
        published: Figures of others; one stands in a table only if its protocol and a column are the same, and a run
            in that column was trained as the protocol has it, frozen or not and with the tricks as there. With
            ``mixed`` those of other and of unknown protocols stand there, too.

    Raises:
        ValueError: If a file is no result, or two results are of the same run.
    """
    tables: dict[str, Gathered] = {}
    seen: dict[tuple, Path] = {}
    names = dict(names or {})
    names |= _short({str(weights) for record in records.values() if (weights := _weights(record))} - {*names})
    for path, record in records.items():
        for name, column, of, low_high in _figures(path, record):
            key = MIXED if mixed else name
            row = _model(record, names, name) + (f' [{name}]' if mixed else '')
            run = (name, row, column, *_run(record))
            if run in seen:
                raise ValueError(f'{path} and {seen[run]} are of the same run ({row}, {column.title}, seed '
                                 f'{record.get("seed")}): leave one out')
            seen[run] = path
            table = tables.setdefault(key, Gathered(key))
            cell = table.cells.setdefault(row, {}).setdefault(column, Cell())
            if _as_protocol(record, name):
                how = bool(record.get('frozen', True)), ', '.join(_tricks(record)) or 'none'
                table.as_protocol.setdefault(column, set()).add(how)
            cell.values.append(of)
            cell.bounds = low_high
            cell.files.append(path)
    published = list(published)
    for table in tables.values():
        _add_published(table, published)
    return list(tables.values())


def _figures(path: Path, record: Mapping[str, Any]) -> Iterable[tuple[str, Column, float, tuple[float, float] | None]]:
    """Protocol, column, value and interval of each figure that stands for a task."""
    metrics = record.get('metrics')
    if not isinstance(metrics, Mapping):
        raise ValueError(f'{path} is no result of tools/test.py')
    data = record.get('data') or {}
    for group, (main, _) in MAIN.items():
        name = record.get('protocol') or metrics.get(f'{group}/protocol') or 'unnamed'
        dataset = str(record.get('dataset') or data.get('dataset') or '?')
        for figure in dict.fromkeys((*_of_protocol(name, dataset, group), f'{group}/{main}')):
            if isinstance(value := metrics.get(figure), (int, float)):
                bounds = metrics.get(f'{figure}_low'), metrics.get(f'{figure}_high')
                split = str(data.get('split'))
                yield str(name), Column(group, dataset, record.get('labels'), figure, bool(data.get('synthetic')),
                                        lists_overlap(dict(record)),
                                        split if split in ('train', 'val') else ''), float(value), \
                    None if None in bounds else bounds  # type: ignore[misc]


def _of_protocol(name: str, dataset: str, task: str) -> tuple[str, ...]:
    try:
        return protocol(name).setting(dataset, task).figures
    except ValueError:
        return ()


def _run(record: Mapping[str, Any]) -> tuple[Any, Any]:
    """Repeat and seed."""
    return record.get('repeat') or (record.get('data') or {}).get('repeat'), record.get('seed')


def _weights(record: Mapping[str, Any]) -> str | None:
    """Of the model that a result is of; None if they were random."""
    return record.get('pretrained') if record.get('task') else record.get('checkpoint')


def _model(record: Mapping[str, Any], names: Mapping[str, str], name: str) -> str:
    """A model as a row calls it, with all that tells it from another row of the same weights."""
    called, how = names.get(str(_weights(record)), 'random'), []
    if record.get('task'):
        how = ['frozen' if record.get('frozen') else 'fine-tuned', *_tricks(record), *_otherwise(record, name)]
    return ', '.join([called, *how, *filter(None, [not_whole(dict(record))])])


def _tricks(record: Mapping[str, Any]) -> list[str]:
    """The tricks of a run, in the words of the published files."""
    rate = record.get('backbone_rate')
    return [*([f'rate x {rate:g}'] if rate not in (None, 1) else []),
            *(word for key, word in (('head_norm', 'head normed'), ('head_init', 'head truncated')) if record.get(key))]


def _otherwise(record: Mapping[str, Any], name: str) -> list[str]:
    """Where a run left its protocol, or its config."""
    marks = []
    if name in PROTOCOLS and record.get('dataset') and record.get('size'):
        setting = protocol(name).setting(record['dataset'], record['task'])
        marks += [f'NOT AS {name}: {record["size"]} px'] if record['size'] != setting.size else []
    left = record.get('left_protocol') or {}
    if found := [f'{".".join(key.split(".")[-2:])} {value}' for key, value in (left.get('differences') or {}).items()]:
        more = f' and {len(found) - _NAMED} more' if len(found) > _NAMED else ''
        marks.append(f'NOT AS {left["than"]}: {", ".join(found[:_NAMED])}{more}')
    return marks


def _as_protocol(record: Mapping[str, Any], name: str) -> bool:
    """Whether a result may stand beside those that were published: by how it was trained, as far as it was."""
    trained_so = (record.get('left_protocol') or {}).get('than') == name and not _otherwise(record, name)
    return (trained_so or not record.get('task')) and not not_whole(dict(record))


def _short(weights: set[str]) -> dict[str, str]:
    """What models are called, by their weights: their folder, with as many of those above it as tell it from others.

    Folders above that differ in a number alone, ``seed_0`` and ``seed_1``, are of one model and give its rows one name,
    with ``N`` for the number; a path that another one ends in is the same.
    """
    parts = {}
    for one in weights:
        path = Path(one)
        *above, last = (path.parent if path.suffix and path.parent.name else path.parent / path.stem).parts
        parts[one] = [last, *(re.sub(r'\d+', 'N', folder) for folder in reversed(above))]  # from the last one up
    names = {}
    for one, own in parts.items():
        differ = (next((place for place, (left, right) in enumerate(zip(own, other, strict=False)) if left != right), 0)
                  for other in parts.values())
        names[one] = '/'.join(reversed(own[:max(differ) + 1]))
    return names


def _add_published(table: Gathered, published: Iterable[Published]) -> None:
    mixed, sources = table.protocol == MIXED, dict[str, int]()
    columns = [column for column in table.columns if not column.synthetic and not column.split]
    for figure in published:
        for column in columns:
            if column[:4] != (figure.task, figure.dataset, figure.labels, figure.figure):
                continue
            alike = any(frozen == figure.frozen and figure.tricks in ('', tricks)
                        for frozen, tricks in table.as_protocol.get(column, ()))
            if not mixed and not (alike and figure.protocol == table.protocol):
                continue
            source = figure.source + (', second hand' if figure.second_hand else '')
            how = ', '.join([figure.model, 'frozen' if figure.frozen else 'fine-tuned',
                             *([figure.tricks] if figure.tricks not in ('', 'none') else [])])
            row = (f'{how} (published [{sources.setdefault(source, len(sources) + 1)}])'
                   + (f' [{figure.protocol}]' if mixed else ''))
            table.cells.setdefault(row, {})[column] = Cell([figure.value])
            table.published[row] = source


def paired_files(first: Sequence[Path], second: Sequence[Path], records: Mapping[Path, Mapping[str, Any]]) -> \
        list[tuple[Path, Path]]:
    """The runs of two models that have the same repeat and seed, in pairs."""
    return [(one, other) for one in first for other in second if _run(records[one]) == _run(records[other])]
