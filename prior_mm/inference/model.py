"""A trained model as people use it: scores, embeddings, heat maps, similar studies, reconstructions, drafts."""
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from prior_mm.evaluation.heat_maps import to_pixels
from prior_mm.models import ZeroShot
from prior_mm.models.alignment.contrastive import unit
from prior_mm.models.phrase_maps import phrase_maps
from prior_mm.structures import ImageFeatures

from .archive import Archive, build_archive
from .draft import draft
from .encoder import Encoder, Text, can_reconstruct
from .guard import Guard, looks
from .images import Radiograph, check_brightness, gray_image
from .info import ModelInfo, describe
from .nearest import nearest
from .prototypes import nearest_prototypes
from .results import (
    Embeddings,
    Failure,
    HeatMap,
    Match,
    Prototype,
    Reconstruction,
    ReportDraft,
    Scores,
    Verdict,
)
from .stored_studies import StoredStudies
from .stream import batches, list_images, only_image

#: Classes to be told apart: a prompt each, or several phrases by class.
Prompts = Sequence[str] | Mapping[str, Sequence[str]]
Kind = Literal['cosine', 'attention', 'gradient']


class Model:
    """What :func:`prior_mm.load` gives. All answers are of a research model, and no finding of a physician.

    One image or a list of them, or a folder, is taken wherever ``images`` stands. One image that cannot be used is an
    error (:class:`~prior_mm.datasets.errors.ImageError`); of several, it is listed in ``failed``.

    Args:
        encoder: The model that was opened.
        archive: Studies to compare with; see :meth:`use_archive`.
        batch_size: Images at a time.
        console: Where progress bars go; None for none.
    """

    def __init__(self, encoder: Encoder, archive: Archive | None = None, batch_size: int = 32,
                 console: Console | None = None) -> None:
        self.encoder, self.batch_size, self.console = encoder, batch_size, console
        self.info: ModelInfo = describe(encoder.opened)
        self.archive = archive

    # ---------------------------------------------------------------------------------------------- images and texts

    def embed_images(self, images: Radiograph | Sequence[Radiograph]) -> Embeddings:
        """Images in the joint space."""
        failed: list[Failure] = []
        names: list[str] = []
        listed = list_images(images)
        vectors = [np.zeros((0, self.info.embed_dims), np.float32)]
        for places, batch in batches(listed, self.encoder.prepare, self.batch_size, failed, self.console):
            names += [listed.names[place] for place in places]
            vectors.append(_unit(self.encoder.features(batch)[2]))
        return Embeddings(tuple(names), np.concatenate(vectors), tuple(failed))

    def embed_texts(self, texts: Text | Sequence[Text]) -> Embeddings:
        """Texts in the joint space, each a report of its own.

        Args:
            texts: One text or a list of them. A list within the list is one report, cut into sentences.

        Raises:
            ValueError: If one holds no word.
        """
        listed = [texts] if isinstance(texts, str) else list(texts)
        vectors = [_unit(self.encoder.embed_reports(listed[start:start + self.batch_size])[0].report)
                   for start in range(0, max(len(listed), 1), self.batch_size)]
        return Embeddings(tuple(text if isinstance(text, str) else ' '.join(text) for text in listed),
                          np.concatenate(vectors))

    def score(self, images: Radiograph | Sequence[Radiograph], prompts: Prompts) -> Scores:
        """How well each of several classes fits each image; nothing is trained for it.

        Args:
            images: The images.
            prompts: At least two classes that are to be told apart, a prompt each, or several phrases by class:
                ``{'Edema': ['There is edema.', 'Edema is observed.'], 'No edema': ['No edema.']}``.

        Raises:
            ValueError: If there are fewer than two classes, or the method knows no zero-shot classification.
        """
        method = self.encoder.method
        if not isinstance(method, ZeroShot):
            raise ValueError(f'a {self.info.method} scores no prompts')
        classes = {name: list(phrases) if not isinstance(phrases, str) else [phrases]
                   for name, phrases in (prompts.items() if isinstance(prompts, Mapping)
                                         else ((prompt, prompt) for prompt in _listed(prompts)))}
        failed: list[Failure] = []
        names: list[str] = []
        listed = list_images(images)
        empty = np.zeros((0, len(classes)), np.float32)
        scores, cosines, verdicts = [empty], [empty], []
        for places, batch in batches(listed, self.encoder.prepare, self.batch_size, failed, self.console):
            features, patches, global_images = self.encoder.features(batch)
            verdicts += self._judge(batch, features)
            with self.encoder.computing():
                method.set_prompts(classes)
                scores.append(method.scores(global_images, patches).float().cpu().numpy())
                prompts_embedded = method.embed_prompts(self.encoder.device)
                cosines.append(method.by_class(unit(global_images) @ unit(prompts_embedded.report).T).cpu().numpy())
            names += [listed.names[place] for place in places]
        return Scores(tuple(names), tuple(classes), np.concatenate(scores), np.concatenate(cosines), tuple(failed),
                      tuple(verdicts) if self._guard is not None else None)

    # ------------------------------------------------------------------------------------------------- of one image

    def heatmap(self, image: Radiograph, sentence: str, kind: Kind = 'cosine', sigma: float = 0.5) -> HeatMap:
        """Where in an image a sentence is seen.

        Args:
            image: The image.
            sentence: What to look for.
            kind: Which map, see :func:`.phrase_maps`.
            sigma: Of the Gaussian that smooths it, in patches.

        Raises:
            ValueError: If there is no such map, or the method has none.
        """
        gray = gray_image(image, None, self.encoder.pixel_range)
        check_brightness(gray, float(self.encoder.opened.images['mean']))
        phrase, _ = self.encoder.reports([[sentence]])
        with self.encoder.computing():
            batch = torch.from_numpy(self.encoder.resized(gray))[None]
            patches = phrase_maps(self.encoder.method, self.encoder.images(batch), phrase, (kind, ))[kind][0].numpy()
        values = to_pixels(patches, gray.shape[0], gray.shape[1], sigma=sigma)
        row, column = np.unravel_index(int(values.argmax()), values.shape)
        return HeatMap(sentence, kind, values, patches, (int(column), int(row)), self._verdict(batch))

    def reconstruct(self, image: Radiograph, report: Text) -> Reconstruction:
        """Decode an image from its patches, under the condition of a report.

        Raises:
            ValueError: If the model's decoder was not trained (a stage before the last), or there is none.
        """
        prior = self.encoder.needed('reconstruction', can_reconstruct(self.encoder), 'its image decoder was not '
                                    'trained, which is done in the last stage of PRIOR alone')
        seen = self.encoder.prepare(image)
        batch = torch.from_numpy(seen)[None]
        reports, _ = self.encoder.reports([report])
        with self.encoder.computing():
            made = prior.reconstruct(self.encoder.images(batch), reports)[0, 0].cpu().numpy()
        error = float(np.abs(cv2.resize(seen[0], made.shape[::-1]) - made).mean())
        return Reconstruction(seen[0], made, error, self._verdict(batch))

    # --------------------------------------------------------------------------------------------- with an archive

    def index(self, annotations: str | Path, image_root: str | Path | None = None) -> Archive:
        """Embed the studies of an annotation file, to search among them and to compare with.

        Args:
            annotations: An annotation file of pre-training (docs/data.md).
            image_root: Folder that its image paths count from; by default the one above ``annotations/``.

        Raises:
            FileNotFoundError: If the file, or all of its images, are not there.
            AnnotationError: If it does not follow the schema.
        """
        return build_archive(self.encoder, Path(annotations), Path(image_root) if image_root else None,
                             self.batch_size, self.console)

    def use_archive(self, archive: 'Archive | str | Path') -> 'Model':
        """Take an archive for all that needs one: its own studies for :meth:`similar`, else those of the training.

        Args:
            archive: What :meth:`index` gave, a folder that it was saved to, or an annotation file to index now.

        Raises:
            ValueError: If it was made with another model.
        """
        self.archive = self._archive(archive)
        return self

    def similar(self, image: Radiograph | None = None, text: Text | None = None,
                archive: 'Archive | str | Path | None' = None, k: int = 5,
                by: Literal['image', 'report'] = 'image') -> list[Match]:
        """The studies of an archive that are most like an image or a text, by an exact search.

        Args:
            image: The image, or
            text: the text.
            archive: See :meth:`use_archive`; by default the one that the model has. Of one on the disk, what the
                search needs is read.
            k: How many.
            by: What of the studies the query is compared with.

        Raises:
            ValueError: If not one of image and text is given, it is several images, or there is no archive.
            ImageError: If the image cannot be used.
        """
        if (image is None) == (text is None):
            raise ValueError('similar needs an image or a text, one of the two: similar(image=...), similar(text=...)')
        query = self.embed_images(only_image(image)) if image is not None else \
            self.embed_texts([text])  # type: ignore[list-item]
        chosen: Archive | StoredStudies
        if isinstance(archive, (str, Path)) and Path(archive).suffix != '.json':
            chosen = StoredStudies(archive)
            chosen.check(self.info.sha256)
        else:
            chosen = self._archive(archive)
        places, cosines = nearest(query.vectors, chosen.vectors(by), k)
        return chosen.matches(places[0].tolist(), cosines[0].tolist())

    def prototypes(self, sentence: str, k: int = 3, archive: 'Archive | str | Path | None' = None) -> list[Prototype]:
        """The prototypes that stand for a sentence, the heaviest first, each with the training sentences next to it.

        Args:
            sentence: The sentence.
            k: How many prototypes, and sentences of each; without an archive there are no sentences.
            archive: See :meth:`use_archive`, of the training's studies.

        Raises:
            ValueError: If the model has no trained bank of prototypes.
        """
        known = self._archive(archive) if archive is not None or self.archive is not None else None
        return nearest_prototypes(self.encoder, sentence, k, known)

    def draft_report(self, image: Radiograph, archive: 'Archive | str | Path | None' = None) -> ReportDraft:
        """What the model would write of an image, in sentences of training reports. No finding of a physician.

        Args:
            image: The image.
            archive: See :meth:`use_archive`, of the training's studies.

        Raises:
            ValueError: If the model has no trained sentence decoder, or there is no archive.
        """
        batch, known = torch.from_numpy(self.encoder.prepare(image))[None], self._archive(archive)
        return replace(draft(self.encoder, batch, known)[0], verdict=self._verdict(batch, known))

    def nearest_images(self, batch: Tensor, archive: Archive) -> list[int]:
        """Place in an archive of the image that is most like each of prepared images (B, 1, H, W)."""
        return nearest(_unit(self.encoder.features(batch)[2]), archive.image_vectors, 1)[0][:, 0].tolist()

    def unlike_training(self, image: Radiograph, archive: 'Archive | str | Path | None' = None) -> Verdict:
        """Whether an image looks like those that the model was trained on; if not, no answer on it means anything.

        Args:
            image: The image.
            archive: See :meth:`use_archive`, of the training's studies.

        Raises:
            ValueError: If there is no archive.
        """
        known = self._archive(archive)
        verdict = self._verdict(torch.from_numpy(self.encoder.prepare(image))[None], known)
        if verdict is None:
            raise ValueError('the archive holds nothing to judge images by (`prior-mm embed` wrote it): make one with '
                             '`prior-mm index`, of the annotation file of the training')
        return verdict

    @property
    def _guard(self) -> Guard | None:
        return None if self.archive is None else self.archive.guard

    def _verdict(self, batch: Tensor, archive: Archive | None = None) -> Verdict | None:
        """Of one prepared image."""
        guard = self._guard if archive is None else archive.guard
        return None if guard is None else guard.judge(looks(batch, self.encoder.features(batch)[0]))[0]

    def _judge(self, batch: Tensor, features: ImageFeatures) -> list[Verdict]:
        return [] if self._guard is None else self._guard.judge(looks(batch, features))

    def _archive(self, archive: 'Archive | str | Path | None') -> Archive:
        archive = self.archive if archive is None else archive
        if archive is None:
            raise ValueError('this needs studies to compare with: prior_mm.load(..., archive=FOLDER), or '
                             'model.use_archive(FOLDER). `prior-mm index` makes one of an annotation file')
        if isinstance(archive, (str, Path)):
            archive = self.index(archive) if Path(archive).suffix == '.json' else Archive.read(archive)
        archive.check(self.info.sha256)
        return archive


def _unit(vectors: Any) -> np.ndarray:
    return unit(vectors).cpu().numpy()


def _listed(prompts: Sequence[str]) -> list[str]:
    if isinstance(prompts, str):
        raise ValueError('one prompt alone says nothing: give a list of those that are to be told apart, '
                         "['There is an effusion.', 'There is no effusion.']")
    return list(prompts)
