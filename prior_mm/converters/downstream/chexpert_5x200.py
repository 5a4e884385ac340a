"""CheXpert 5x200: 200 images of each of five findings that have no other of these; published, or drawn by its rule."""
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from prior_mm.datasets.downstream_schemas import CLASSIFICATION
from prior_mm.files.whole_files import write_whole

from ..annotation_files import LEFT_OUT, write_annotations
from ..csv_tables import read_rows
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from .chexpert import find_table, missing_parts
from .chexpert_images import find_image
from .chexpert_labels import COMPETITION, ChexpertRow, image_of, make_policy, read_chexpert
from .look import print_range
from .settings import DownstreamSettings
from .subsets import stratified_order
from .tally import Dropped, Tally
from .written_files import progress_bar, source_hashes


class ListError(ValueError):
    """A 5x200 list that does not hold what it must; the message names file, entry and mend."""


@dataclass(frozen=True)
class Chosen:
    """An image of the list: its row in train.csv, counted from 0 without the header, its path and its class."""
    row: int
    path: str
    label: int


def exclusive_class(row: ChexpertRow) -> int | None:
    """Number of the only one of the five findings that a frontal image has, by the published rule; else None.

    "Uncertain" counts as positive for Atelectasis, Edema and Pleural Effusion, and as negative for the other two.
    """
    labels = _POLICY.labels(row.values)
    return labels.index(1) if row.frontal and sum(labels) == 1 else None


_POLICY = make_policy(COMPETITION)


def draw_list(rows: Sequence[ChexpertRow], seed: int, per_class: int = 200) -> list[Chosen]:
    """Draw a list by the rule.

    Args:
        rows: Of train.csv, with the five findings.
        seed: The same one gives the same list. How the published lists were drawn is not known: no seed gives those.
        per_class: Images a class.

    Raises:
        ValueError: If a class has fewer.
    """
    candidates: list[list[Chosen]] = [[] for _ in COMPETITION]
    for number, row in enumerate(rows):
        if (label := exclusive_class(row)) is not None:
            candidates[label].append(Chosen(number, row.path, label))
    few = [f'{name} {len(found)}' for name, found in zip(COMPETITION, candidates, strict=True)
           if len(found) < per_class]
    if few:
        raise ValueError(f'{per_class} images a class are asked for, and there are only: {", ".join(few)}. Ask for '
                         'fewer with --per-class')
    chosen = []
    for found in candidates:
        by_path = {item.path: item for item in found}
        order = stratified_order(dict.fromkeys(by_path, 0), seed, '5x200')
        chosen += [by_path[path] for path in order[:per_class]]
    return chosen


def read_list(path: Path) -> list[Chosen]:
    """Read a list: a JSON object, ``{"<row>": {"image_path": ..., "label": [1, 0, 0, 0, 0]}, ...}``, or a table.

    Of a path only patient, study and view count: lists have those of the small version, of the full one, or of their
    authors' machines. A table has the column Path and one for each finding.

    Raises:
        ListError: If it is of another form, or an image is there twice.
        OSError: If it cannot be opened.
    """
    if path.name.lower().endswith(('.csv', '.csv.gz')):
        return _read_table(path)
    try:
        items = json.loads(path.read_bytes())
    except ValueError as error:
        raise ListError(f'{path}: no JSON ({error}). Fetch it again') from None
    if not isinstance(items, dict) or not items:
        raise ListError(f'{path}: wanted is an object of images by their row in train.csv. Is it the right file?')
    chosen: list[Chosen] = []
    seen: set[str] = set()
    for key, item in items.items():
        label = item.get('label') if isinstance(item, dict) else None
        image = item.get('image_path') if isinstance(item, dict) else None
        if not (key.isascii() and key.isdigit() and isinstance(image, str) and isinstance(label, list)
                and len(label) == len(COMPETITION) and all(value in (0, 1) for value in label) and sum(label) == 1):
            raise ListError(f'{path}, entry {key!r}: wanted are an image_path and a label of {len(COMPETITION)} '
                            'numbers, one of them 1 and the others 0, under the number of the row. Fetch the file '
                            'again')
        chosen.append(Chosen(int(key), _image(path, f'entry {key!r}', image, seen), label.index(1)))
    return chosen


def _read_table(path: Path) -> list[Chosen]:
    chosen: list[Chosen] = []
    seen: set[str] = set()
    for number, (line, row) in enumerate(read_rows(path, ('Path', *COMPETITION))):
        labels = [row[name] in ('1', '1.0') for name in COMPETITION]
        if sum(labels) != 1:
            raise ListError(f'{path}, line {line}: wanted is 1.0 for one of {", ".join(COMPETITION)}, and for no '
                            'other. Is it a 5x200 list?')
        chosen.append(Chosen(number, _image(path, f'line {line}', row['Path'], seen), labels.index(True)))
    if not chosen:
        raise ListError(f'{path} holds no row. Fetch it again')
    return chosen


def _image(path: Path, place: str, text: str, seen: set[str]) -> str:
    image = image_of(text)
    if image is None or image[0] in seen:
        raise ListError(f'{path}, {place}: the image {text} is there twice, or lies elsewhere than in such a path as '
                        '.../train/patient00001/study1/view1_frontal.jpg. Remove it')
    seen.add(image[0])
    return image[0]


def located(chosen: Sequence[Chosen], rows: Sequence[ChexpertRow]) -> list[Chosen]:
    """The images with the rows in which train.csv has them, whatever rows the list says; others as they are."""
    places = {row.path: number for number, row in enumerate(rows)}
    return [replace(item, row=places.get(item.path, item.row)) for item in chosen]


def check_list(path: Path, chosen: Sequence[Chosen], table: Path, rows: Sequence[ChexpertRow]) -> None:
    """Compare a list with train.csv: each image must be in its row, and its label must follow from the rule.

    Raises:
        ListError: If one does not.
    """
    for item in chosen:
        row = rows[item.row] if item.row < len(rows) else None
        if row is None or row.path != item.path:
            raise ListError(f'{path}, entry {item.row}: {item.path} is not in row {item.row} of {table} (line '
                            f'{item.row + 2}). Is it the table of this list, and complete?')
        if exclusive_class(row) != item.label:
            raise ListError(f'{path}, entry {item.row}: {item.path} is listed as {COMPETITION[item.label]} alone, '
                            f'which does not follow from {table}, line {row.line}. Is it the table of this list?')


def convert_5x200(settings: DownstreamSettings, lists: Mapping[str, Path | int], console: Console,
                  train_csv: Path | None = None, per_class: int = 200,
                  protocol: str | None = None) -> tuple[Tally, bool]:
    """Write an annotation file and a list of ids for each list.

    Args:
        settings: Folders, and whether images are looked for. The splits of it are not used.
        lists: By the name of the annotation file, a published list, or the seed to draw one with.
        console: For the progress bar.
        train_csv: ``train.csv`` in the data set's folder by default. Published lists are compared with it; without it
            they are taken as they are.
        per_class: Images a class of lists that are drawn.
        protocol: Which these lists are of, for the annotation files; the repeat is ``seed<N>``, or ``official``.

    Returns:
        What became of the images, and whether there was a train.csv.

    Raises:
        LayoutError: If parts are missing; the message lists all.
        ListError: If a list is faulty.
        TableError: If train.csv is.
        ValueError: If a class has too few images.
        OSError: If files cannot be written.
    """
    files = [source for source in lists.values() if isinstance(source, Path)]
    problems = [f'--list: there is no file {path}. Check the path' for path in files if not path.is_file()]
    problems += missing_parts(settings, train_csv, need_table=len(files) < len(lists))
    if problems:
        raise LayoutError(problems)
    table = train_csv or find_table(settings, 'train')
    rows = read_chexpert(table, COMPETITION) if table else []
    for path in (*files, *([table] if table else [])):
        console.print(f'Read: {path}', markup=False, highlight=False, soft_wrap=True)
    chosen: dict[str, list[Chosen]] = {}
    for name, source in lists.items():
        chosen[name] = draw_list(rows, source, per_class) if isinstance(source, int) else read_list(source)
        if isinstance(source, Path) and table:
            listed, chosen[name] = chosen[name], located(chosen[name], rows)
            moved = sum(before != after for before, after in zip(listed, chosen[name], strict=True))
            if moved:
                console.print(f'{source}: {moved:,} of {len(listed):,} images stand in other rows of {table} than the '
                              'list says. They were found by patient, study and view.', markup=False, soft_wrap=True)
            check_list(source, chosen[name], table, rows)
    tally = Tally(COMPETITION)
    with progress_bar(console, 'images') as progress:
        task = progress.add_task('images', total=sum(map(len, chosen.values())))
        entries = {}
        for name, items in chosen.items():
            entries[name] = [entry for item in items if (entry := _entry(item, name, settings, tally))]
            progress.advance(task, len(items))
    tally.check_not_empty()
    images = dict.fromkeys(entry['img_path'] for found in entries.values() for entry in found)
    print_range([(path, 'frontal') for path in images], settings, console)
    for name, source in lists.items():
        drawn = isinstance(source, int)
        read = [source] if isinstance(source, Path) else []
        metainfo = dict(schema=CLASSIFICATION, dataset='chexpert-5x200', split=name, classes=list(COMPETITION),
                        **({'protocol': protocol, 'repeat': f'seed{source}' if drawn else 'official'}
                           if protocol else {}),
                        synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                        **settings.range_said,
                        sources=source_hashes([*read, *([table] if table else [])]),
                        options=dict(seed=source, per_class=per_class) if drawn else dict(
                            list=read[0].name, compared_with_train_csv=table is not None),
                        images=len(entries[name]), summary=tally.summary(name))
        write_annotations(settings.annotations / f'{name}.json', metainfo, map(json.dumps, entries[name]))
        write_whole(settings.annotations / 'splits' / f'{name}.txt',
                    ''.join(f'{item.path}\n' for item in chosen[name]).encode())
    tally.write_faults(settings.annotations / f'chexpert_5x200_{LEFT_OUT}')
    return tally, table is not None


def _entry(item: Chosen, split: str, settings: DownstreamSettings, tally: Tally) -> dict[str, Any] | None:
    image = find_image(settings.image_root, item.path)
    path = settings.image_root / image
    if settings.check_images and not (path.is_file() and path.stat().st_size):
        tally.drop(split, Dropped.MISSING, item.path)
        return None
    tally.keep(split, [COMPETITION[item.label]])
    return dict(img_path=image, gt_label=item.label, image_id=item.path, row=item.row)
