"""From phrases with places to annotation files: images found, splits drawn by patients, masks and files written."""
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console

from prior_mm.datasets.downstream_schemas import GROUNDING
from prior_mm.files.whole_files import write_whole

from ..annotation_files import LEFT_OUT, write_annotations
from ..downstream.image_files import image_size, index_images
from ..downstream.look import print_range
from ..downstream.masks import mask_to_png
from ..downstream.settings import DownstreamSettings
from ..downstream.tally import Dropped, Tally
from ..downstream.written_files import source_hashes
from ..mimic_layout import is_said_to_be_synthetic
from .phrase import GroundedPhrase

#: What data sets call their splits, and what it is called here.
_SPLITS = dict(train='train', val='validate', valid='validate', validate='validate', validation='validate', test='test')
#: Percent of the patients whose phrases choose the threshold, where a data set has no splits.
VALIDATION_PERCENT = 20
MASKS = 'masks/grounding'


def convert_grounding(name: str, phrases: Sequence[GroundedPhrase], sources: Sequence[Path],
                      settings: DownstreamSettings, console: Console,
                      protocol: str | None = None) -> tuple[Tally, tuple[str, ...]]:
    """Write ``annotations/grounding/all.json`` and a file for each split.

    Args:
        name: Of the data set.
        phrases: All of them.
        sources: Files that they come from.
        settings: Folders, the seed of the split, and whether images are looked for.
        console: For what the images' gray values are.
        protocol: Stands in the files.

    Returns:
        What became of the phrases, and the splits.

    Raises:
        ValueError: If none can be kept, or a split has an unknown name, or two images have one name.
        ImageError: If an image whose size is needed is damaged.
        OSError: If files cannot be written.
    """
    findings = tuple(sorted({phrase.finding for phrase in phrases}))
    tally, entries = Tally(findings), []
    images = _Images(settings)
    counts: dict[str, int] = {}
    for phrase in phrases:
        split = _split_of(phrase, settings.seed)
        path = images.find(phrase.image)
        if path is None:
            tally.drop(split, Dropped.MISSING, phrase.image)
            continue
        tally.keep(split, [phrase.finding])
        number = counts[path] = counts.get(path, -1) + 1
        entries.append((split, _entry(phrase, path, f'{PurePosixPath(path).stem}_{number}', settings)))
    tally.check_not_empty()
    print_range([(path, 'frontal') for path in counts], settings, console)
    splits = tuple(split for split in ('train', 'validate', 'test') if tally.kept[split])
    folder = settings.annotations / 'grounding'
    for part in ('all', *splits):
        chosen = [entry for split, entry in entries if part in ('all', split)]
        metainfo = dict(schema=GROUNDING, dataset=name, split=part, classes=[*findings],
                        **(dict(protocol=protocol) if protocol else {}),
                        synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                        **settings.range_said, sources=source_hashes(sources), summary=_summary(chosen))
        write_annotations(folder / f'{part}.json', metainfo, map(json.dumps, chosen))
    tally.write_faults(folder / LEFT_OUT)
    return tally, splits


class _Images:
    """Finds images by their path, or by their name wherever they lie."""

    def __init__(self, settings: DownstreamSettings) -> None:
        self.root, self.check = settings.image_root, settings.check_images
        self._masks = settings.output / 'masks'
        self._index: Mapping[str, str] | None = None

    def find(self, image: str) -> str | None:
        """Path from the image root; None if it is not there. Without a look at the images it is taken as it is."""
        if not self.check or (self.root / image).is_file():
            return image
        if '/' in image:
            return None
        if self._index is None:
            self._index = index_images(self.root, self.root, self._masks)
        return self._index.get(PurePosixPath(image).stem) or self._index.get(image)


def _split_of(phrase: GroundedPhrase, seed: int) -> str:
    if not phrase.split:
        drawn = int(hashlib.sha256(f'{seed} {phrase.patient}'.encode()).hexdigest()[:8], 16) % 100
        return 'validate' if drawn < VALIDATION_PERCENT else 'test'
    if phrase.split.lower() not in _SPLITS:
        raise ValueError(f'the split {phrase.split!r} of {phrase.image} is none of {", ".join(_SPLITS)}: correct the '
                         'table')
    return _SPLITS[phrase.split.lower()]


def _entry(phrase: GroundedPhrase, path: str, phrase_id: str, settings: DownstreamSettings) -> dict[str, Any]:
    width, height, boxes = phrase.width, phrase.height, [list(box) for box in phrase.boxes]
    if width is None or height is None:
        if not settings.check_images:
            raise ValueError('the boxes are shares of the images, whose sizes are needed: leave out --no-images')
        width, height = image_size(settings.image_root / path)
        boxes = [[x * width, y * height, across * width, down * height] for x, y, across, down in boxes]
    entry: dict[str, Any] = dict(
        phrase_id=phrase_id, img_path=path, phrase=phrase.phrase, finding=phrase.finding, boxes=boxes,
        width=width, height=height, patient_id=phrase.patient)
    if phrase.mask is not None:
        entry['mask_path'] = f'{MASKS}/{phrase_id}.png'
        write_whole(settings.output / entry['mask_path'], mask_to_png(phrase.mask, phrase_id))
    return entry


def _summary(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry['finding']] = counts.get(entry['finding'], 0) + 1
    return dict(phrases=len(entries), images=len({entry['img_path'] for entry in entries}),
                findings=dict(sorted(counts.items())))
