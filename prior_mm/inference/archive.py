"""Studies to compare with: their images and reports in the joint space, and the sentences of the reports."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console

from prior_mm.datasets.study_table import read_studies
from prior_mm.models.alignment.contrastive import unit

from .encoder import Encoder
from .guard import Guard, looks
from .images import gray_image
from .results import Failure, Match, NearSentence
from .sentence_table import SentenceTable
from .stream import Listed, batches
from .vector_tables import mapped_file, read_table, write_table

STUDIES, _SENTENCES, _GUARD = 'studies.parquet', 'sentences.parquet', 'guard.npz'


@dataclass
class Archive:
    """Embedded studies.

    It holds sentences of the reports, and is as confidential as these.

    Attributes:
        studies: Their ids.
        images: Path of the image of each, from the image root.
        reports: The sentences of each.
        image_vectors: float32 (N, D), L2-normalised; those of the reports likewise.
        report_vectors: See there.
        sentences: The sentences of all reports.
        guard: What the images look like to the model; None if that is not known.
        about: ``model`` (SHA-256), ``model_name``, ``dataset``, ``synthetic``.
        failed: Studies whose image could not be used, which are not among them.
        prototypes: What the sentences are replaced by, float32 (S, D), once a draft has asked for it.
    """

    studies: list[str]
    images: list[str]
    reports: list[list[str]]
    image_vectors: np.ndarray
    report_vectors: np.ndarray
    sentences: SentenceTable
    guard: Guard | None
    about: dict[str, Any]
    failed: tuple[Failure, ...] = ()
    prototypes: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.studies)

    def vectors(self, by: Literal['image', 'report']) -> np.ndarray:
        """What studies are compared by, float32 (N, D).

        Raises:
            ValueError: If it is neither images nor reports, or there are no reports.
        """
        check_comparison(by, any(self.reports))
        return self.image_vectors if by == 'image' else self.report_vectors

    def match(self, place: int, cosine: float) -> Match:
        """A study as the answer to a query."""
        return Match(self.studies[place], cosine, self.images[place], tuple(self.reports[place]))

    def matches(self, places: Sequence[int], cosines: Sequence[float]) -> list[Match]:
        """Studies as the answer to a query."""
        return [self.match(int(place), float(cosine)) for place, cosine in zip(places, cosines, strict=True)]

    def sentence(self, place: int, similarity: float) -> NearSentence:
        """A sentence as the answer to a query."""
        return NearSentence(self.sentences.texts[place], float(similarity), int(self.sentences.counts[place]))

    @cached_property
    def unit_sentences(self) -> np.ndarray:
        """The sentences in the joint space, L2-normalised."""
        vectors = self.sentences.vectors
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def check(self, sha256: str) -> None:
        """Raise ValueError if it was made with another model."""
        check_model(self.about, sha256)

    def save(self, folder: str | Path) -> list[Path]:
        """Write it to a folder; what stands there under the names of its files is replaced.

        Returns:
            The files.
        """
        paths = [Path(folder, name) for name in (STUDIES, _SENTENCES, _GUARD)]
        write_table(paths[1], dict(text=self.sentences.texts, studies=self.sentences.counts.tolist(),
                                   place=self.sentences.places.tolist()), dict(vector=self.sentences.vectors), {})
        write_table(paths[0], dict(id=self.studies, path=self.images, sentences=self.reports),
                    dict(vector=self.image_vectors, report=self.report_vectors),
                    self.about, mapped=True)
        if self.guard is not None:
            self.guard.save(paths[2])
        paths += [mapped_file(paths[0], name) for name in ('vector', 'report')]
        return [path for path in paths if path.is_file()]

    @classmethod
    def read(cls, folder: str | Path) -> 'Archive':
        """Read what :meth:`save` wrote, or the table of images that ``prior-mm embed`` wrote.

        Raises:
            FileNotFoundError: If it is not there.
            ValueError: If it is damaged.
        """
        alone = Path(folder).is_file()
        columns, vectors, about = read_table(Path(folder) if alone else Path(folder, STUDIES))
        try:
            if alone:
                rows, images = len(columns['id']), vectors['vector']
                return cls(columns['id'], columns['path'], [[]] * rows, images, np.zeros_like(images[:0]),
                           SentenceTable.collector().table(), None, about)
            texts, sentences, _ = read_table(Path(folder, _SENTENCES))
            table = SentenceTable(texts['text'], np.array(texts['studies']), np.array(texts['place'], np.float32),
                                  sentences['vector'])
            return cls(columns['id'], columns['path'], columns['sentences'], vectors['vector'], vectors['report'],
                       table, Guard.read(Path(folder, _GUARD)), about)
        except (KeyError, TypeError) as error:
            raise ValueError(f'{folder} is no archive of `prior-mm index`: it lacks {error}. Make it anew') from None


def check_model(about: dict[str, Any], sha256: str) -> None:
    """Raise ValueError if an archive was made with another model than this."""
    if about.get('model') != sha256:
        raise ValueError(f'the archive was made with the model {about.get("model_name")} '
                         f'({str(about.get("model"))[:12]}), this is {sha256[:12]}: make it anew with `prior-mm index`')


def check_comparison(by: str, has_reports: bool) -> None:
    """Raise ValueError if studies cannot be compared by that."""
    if by not in ('image', 'report'):
        raise ValueError(f"studies are compared by 'image' or 'report', not by {by!r}")
    if by == 'report' and not has_reports:
        raise ValueError('this archive holds images without reports: compare by image')


def build_archive(encoder: Encoder, annotations: Path, image_root: Path | None, batch_size: int,
                  console: Console | None) -> Archive:
    """Embed the studies of an annotation file, the first image of each.

    Args:
        encoder: The model.
        annotations: An annotation file of pre-training.
        image_root: Folder that its image paths count from; by default the one above ``annotations/``.
        batch_size: Studies at a time.
        console: Where the progress bar goes; None for none.

    Raises:
        FileNotFoundError: If the file, or all of its images, are not there.
        AnnotationError: If it does not follow the schema.
    """
    if not annotations.is_file():
        raise FileNotFoundError(f'there is no annotation file {annotations}')
    studies, root = read_studies(annotations), image_root or annotations.resolve().parent.parent
    pixel_range = encoder.range_in(studies.metainfo)
    entries = [studies[number] for number in range(len(studies))]
    paths = [str(root / study['images'][0]) for study in entries]
    failed: list[Failure] = []
    kept, image_vectors, report_vectors, seen = [], [], [], []
    table = SentenceTable.collector()
    for places, batch in batches(
            Listed(paths, list(paths)),
            lambda path: encoder.resized(gray_image(path, max(encoder.size), pixel_range)),
            batch_size, failed, console):
        of_batch = [entries[place] for place in places]
        features, _, images = encoder.features(batch)
        reports, texts = encoder.embed_reports([study['sentences'] for study in of_batch])
        kept += of_batch
        image_vectors.append(unit(images).cpu().numpy())
        report_vectors.append(unit(reports.report).cpu().numpy())
        seen.append(looks(batch, features))
        if (sentences := getattr(reports, 'sentences', None)) is not None:
            table.add(texts, sentences.cpu().numpy())
    if not kept:
        raise FileNotFoundError(f'none of the images of {annotations} can be used, such as {failed[0].name}: '
                                f'{failed[0].reason}. Their paths count from {root}: is that right?')
    return Archive(
        [study['study_id'] for study in kept], [study['images'][0] for study in kept],
        [study['sentences'] for study in kept], np.concatenate(image_vectors), np.concatenate(report_vectors),
        table.table(), Guard.fit(np.concatenate(seen)),
        dict(model=encoder.opened.sha256, model_name=encoder.opened.path.name,
             dataset=studies.metainfo.get('dataset'), synthetic=studies.metainfo.get('synthetic')), tuple(failed))
