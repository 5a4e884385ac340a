"""What the model's answers are: plain, typed, on the CPU."""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Failure(NamedTuple):
    """An image that could not be used.

    Attributes:
        name: Its path, or its place in the list.
        reason: What is wrong, and the mend.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Whether an image looks like those that the model was trained on.

    Attributes:
        unlike: True if it does not: what the model says of it means nothing.
        score: How far off it is; see :mod:`.guard`.
        threshold: Above it an image is unlike.
        share: Share of the training images that are at least as far off.
    """

    unlike: bool
    score: float
    threshold: float
    share: float


@dataclass(frozen=True)
class Embeddings:
    """Images or texts in the joint space.

    Attributes:
        names: Path of each image, or its place in the list; of texts the texts.
        vectors: L2-normalised, float32 (N, D): the inner product of two is their cosine.
        failed: What could not be used; it has no vector.
    """

    names: tuple[str, ...]
    vectors: np.ndarray
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Scores:
    """How well each class fits each image.

    Attributes:
        names: Path of each image, or its place in the list.
        classes: The classes, in the order of the prompts.
        scores: The method's zero-shot score, float32 (N, C): of PRIOR what :class:`.ZeroShotClassifier` says, which
            compares the classes of one image with each other.
        cosines: Cosine of image and prompt in the joint space, mean of a class's prompts, float32 (N, C): compares
            images.
        failed: What could not be used.
        verdicts: Whether each image looks like those of the training; None without an archive.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    scores: np.ndarray
    cosines: np.ndarray
    failed: tuple[Failure, ...] = ()
    verdicts: tuple[Verdict, ...] | None = None


@dataclass(frozen=True)
class HeatMap:
    """Where in an image a sentence is seen.

    Attributes:
        sentence: The sentence.
        kind: ``'cosine'``, ``'attention'`` or ``'gradient'``, see :func:`.phrase_maps`.
        values: In pixels of the image as it came, float32 (H, W); higher where it is seen, on a scale of its own.
        patches: The same as the model has it, before it is smoothed and enlarged, float32 (H', W').
        peak: Column and row of the highest value, in pixels.
        verdict: Whether the image looks like those of the training; None without an archive.
    """

    sentence: str
    kind: str
    values: np.ndarray
    patches: np.ndarray
    peak: tuple[int, int]
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Match:
    """A study of an archive that is like a query.

    Attributes:
        study: Its id.
        cosine: With the query.
        image: Path of its image, from the archive's image root.
        sentences: Of its report; none in an archive of images alone.
    """

    study: str
    cosine: float
    image: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconstruction:
    """An image that was decoded from its own patches under the condition of a report.

    Attributes:
        image: What the model saw, in [0, 1], float32 (H, W).
        reconstruction: What it made of it, likewise.
        error: Mean absolute difference of the two.
        verdict: Whether the image looks like those of the training; None without an archive.
    """

    image: np.ndarray
    reconstruction: np.ndarray
    error: float
    verdict: Verdict | None = None


class NearSentence(NamedTuple):
    """A sentence of the training reports.

    Attributes:
        text: The sentence.
        similarity: Cosine with what it is compared with.
        studies: In how many reports it stands.
    """

    text: str
    similarity: float
    studies: int


@dataclass(frozen=True)
class Prototype:
    """A prototype of the bank that stands for a sentence.

    Attributes:
        number: Its row in the bank.
        weight: Its share of what replaces the sentence, 0 to 1.
        sentences: The training sentences nearest to it, the nearest first.
    """

    number: int
    weight: float
    sentences: tuple[NearSentence, ...]


@dataclass(frozen=True)
class DraftSentence:
    """One sentence of a draft.

    Attributes:
        text: A sentence of the training reports.
        similarity: Cosine of its prototype with the one that was predicted.
        prototype: Row of the bank that weighs most in what was predicted.
        weight: Its weight there.
        nearest: The training sentences nearest to what was predicted; the text is the first.
    """

    text: str
    similarity: float
    prototype: int
    weight: float
    nearest: tuple[NearSentence, ...]


class Dropped(NamedTuple):
    """A predicted sentence that is not in the draft.

    Attributes:
        text: The sentence.
        reason: Why.
    """

    text: str
    reason: str


@dataclass(frozen=True)
class ReportDraft:
    """What the model would write: sentences of training reports, no finding of a physician.

    Attributes:
        sentences: In the order of reports.
        dropped: What was predicted as well, and why it was left out.
        verdict: Whether the image looks like those of the training; None without an archive.
    """

    sentences: tuple[DraftSentence, ...]
    dropped: tuple[Dropped, ...]
    verdict: Verdict | None = None

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return ' '.join(sentence.text for sentence in self.sentences)
