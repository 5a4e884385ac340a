"""The encoders of a loaded model, with the preprocessing of its training applied: images and texts to features."""
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from prior_mm.checkpoints.model_weights import load_weights
from prior_mm.datasets.collate import collate_studies
from prior_mm.datasets.errors import StudyError
from prior_mm.datasets.images import COPIED, PixelRange, range_of_originals, read_pixel_range, resize
from prior_mm.datasets.reports.sentences import split_sentences
from prior_mm.datasets.transforms.report import TokenizeReport
from prior_mm.export.joint import check_types
from prior_mm.models import PRIOR, ZeroShot
from prior_mm.models.method import Method
from prior_mm.models.phrase_grounder import Grounding
from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, Reports
from prior_mm.tokenizer import holds_a_word

from .images import Radiograph, check_brightness, gray_image
from .opened import Opened

_WHITE = np.float32(1.)
#: A text of a report: as it was written, or cut into sentences.
Text = str | Sequence[str]


class Encoder:
    """A model that was opened, ready to predict; one thread at a time computes, whoever calls.

    Args:
        opened: See :func:`.open_source`.
        device: ``'cpu'``, ``'cuda'`` ...; a GPU if there is one.
        pixel_range: What stands for white in files that do not say so; by default what the training data said, or the
            films that its resized copies were made of.
        method: The model with its weights, if it was built already.

    Raises:
        ValueError: If the config names anything but components of the project and the toolboxes, the parameters do not
            fit, or the size of the images is not known.
    """

    def __init__(self, opened: Opened, device: str | None = None, pixel_range: PixelRange | None = None,
                 method: Method | None = None) -> None:
        self.opened = opened
        self.device = torch.device(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        self.method = (_build(opened) if method is None else method).to(self.device).eval()
        self.pixel_range = pixel_range or range_of_originals(opened.training.get('data') or {})
        size = opened.images.get('size')
        if not size:
            raise ValueError(f'{opened.path} does not say of what size its images are: name a config whose '
                             'data_preprocessor says size=(224, 224), say')
        self.size: tuple[int, int] = (int(size[0]), int(size[1]))
        self._tokenize = TokenizeReport(opened.tokenizer, words=True, **opened.reports)
        self._lock = threading.RLock()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Within, nobody else computes, and no gradients are kept."""
        with self._lock, torch.no_grad():
            yield

    def range_in(self, metainfo: Mapping | None) -> PixelRange | None:
        """What stands for white in the images of an annotation file, as it says; copies are not scaled once more.

        Args:
            metainfo: Of the file; None for images that are of none, which are read as the training's films.
        """
        if metainfo is None:
            return self.pixel_range
        return None if COPIED in metainfo else read_pixel_range(metainfo) or self.pixel_range

    def prepare(self, image: Radiograph, metainfo: Mapping | None = None) -> np.ndarray:
        """An image as the model takes it, before it is normalised: float32 (1, H, W) in [0, 1].

        Args:
            image: The image.
            metainfo: Of the annotation file that it is of, if of one; see :meth:`range_in`.

        Raises:
            ImageError: If it cannot be used; the message says what is wrong, and the mend.
        """
        gray = gray_image(image, max(self.size), self.range_in(metainfo))
        check_brightness(gray, float(self.opened.images['mean']))
        return self.resized(gray)

    def resized(self, gray: np.ndarray) -> np.ndarray:
        """What :func:`.gray_image` gives, float32 (1, H, W) of the model's size in [0, 1]."""
        scaled = resize(gray, *self.size)
        return np.multiply(scaled, _WHITE / np.iinfo(scaled.dtype).max, dtype=np.float32)[None]

    def images(self, batch: Tensor) -> Tensor:
        """Prepared images (B, 1, H, W), normalised, on the device."""
        preprocessor: Any = self.method.data_preprocessor
        return preprocessor.normalise(batch.to(self.device))

    def features(self, batch: Tensor) -> tuple[ImageFeatures, Tensor, Tensor]:
        """Of prepared images: features, patches (B, P, D), and images (B, D) in the joint space."""
        with self.computing():
            features = self.method.image_encoder(self.images(batch))
            return (features, *self.method.embed_images(features))

    def reports(self, texts: Iterable[Text]) -> tuple[Reports, list[list[str]]]:
        """Reports as the model takes them.

        Args:
            texts: Each as it was written, or cut into sentences.

        Returns:
            The batch, and the sentences of each that are in it: those that are too long for it are not.

        Raises:
            ValueError: If one holds no known word; its place is named, and not its words.
        """
        packed = []
        for place, text in enumerate(texts):
            try:
                packed.append(self._tokenize.transform(dict(study_id=str(place), sentences=sentences_of(text))))
                known = holds_a_word(packed[-1]['token_ids'][1:-1], self._tokenize.unknown_id)
            except StudyError:
                known = False
            if not known:
                raise ValueError(f'text {place} holds no word that the tokenizer knows as one')
        if not packed:
            raise ValueError('there is no text')
        blank = torch.zeros(1, 1, 1)
        batch = collate_studies([dict(info={}, image=blank, **study) for study in packed])
        reports = cast(Reports, type(batch['reports'])(*(part.to(self.device) for part in batch['reports'])))
        return reports, [study['sentences'] for study in packed]

    def embed_reports(self, texts: Iterable[Text]) -> tuple[Any, list[list[str]]]:
        """Texts in the joint space, as the method has them, with ``report``, (B, D); and their sentences."""
        reports, sentences = self.reports(texts)
        with self.computing():
            return self.method.embed_reports(self.method.text_encoder(reports), reports), sentences

    def needed(self, what: str, there: bool, why: str) -> PRIOR:
        """The method as PRIOR, if it can do something.

        Raises:
            ValueError: If it cannot.
        """
        if not isinstance(self.method, PRIOR) or not there:
            raise ValueError(f'{Path(self.opened.path).name} gives no {what}: {why}')
        return self.method


def can_reconstruct(encoder: Encoder) -> bool:
    """Whether the model's image decoder was trained."""
    return getattr(encoder.method, 'image_decoder', None) is not None and encoder.method.needs('image_reconstruction')


def sentences_of(text: Text) -> list[str]:
    """Sentences of a text; what holds no sentence counts as one."""
    if not isinstance(text, str):
        return list(text)
    return split_sentences(text) or [re.sub(r'\s+', ' ', text).strip()]


def plain_method(kind: type[Method]) -> type[Method]:
    """The method without the task that a model was tested on, ``PRIOR`` of a ``ZeroShotClassifier``."""
    return next(one for one in kind.__mro__ if issubclass(one, Method) and not issubclass(one, (ZeroShot, Grounding)))


def _build(opened: Opened) -> Method:
    """The model with its weights; where there is one, the variant that also scores prompts."""
    config = dict(opened.model)
    check_types(config)
    for name in ('prompts', 'tokenizer', 'maps', 'lowercase'):  # of the tasks that it was tested on
        config.pop(name, None)
    init_default_scope('prior_mm')
    kind = MODELS.get(config['type'])
    if not (isinstance(kind, type) and issubclass(kind, Method)):
        raise ValueError(f'{opened.path} is a {config["type"]}, which is no method of pre-training')
    plain = plain_method(kind)
    scoring = next((found for found in ZeroShot.__subclasses__()
                    if issubclass(found, Method) and plain_method(found) is plain), None)
    if scoring is None:
        config['type'] = plain.__name__
    else:
        config.update(type=scoring.__name__, tokenizer=opened.tokenizer, lowercase=opened.reports.get('lowercase'),
                      prompts=dict(yes=['[SEP]'], no=['[SEP]']))  # until there are some; every vocabulary has it
    with torch.random.fork_rng(devices=[]):  # what a new model draws is replaced below
        model = MODELS.build(config)
    load_weights(model, opened.weights, str(opened.path), strict=True)
    return model
