"""What the page asks and what it is answered: the bodies of requests and responses, which the OpenAPI page shows."""
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

#: A sentence of a person, at most a paragraph.
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
_Phrases = Annotated[list[Sentence], Field(min_length=1, max_length=20)]


class _Request(BaseModel):
    model_config = ConfigDict(extra='forbid')


class ImageRequest(_Request):
    """An image: the bytes of a PNG, JPEG, TIFF or DICOM file, in base64."""

    image: Base64Bytes


class HeatMapRequest(ImageRequest):
    """Where a sentence is seen."""

    sentence: Sentence
    kind: Literal['cosine', 'attention', 'gradient'] = 'cosine'


class ScoreRequest(ImageRequest):
    """Classes to be told apart, each with its phrases."""

    classes: Annotated[dict[Sentence, _Phrases], Field(min_length=2, max_length=50)]


class SimilarRequest(_Request):
    """Studies like an image or like a text."""

    image: Base64Bytes | None = None
    text: Sentence | None = None
    k: Annotated[int, Field(ge=1, le=20)] = 5


class ReconstructRequest(ImageRequest):
    """A report under whose condition the image is decoded, a sentence each."""

    report: Annotated[list[Sentence], Field(min_length=1, max_length=30)]


class Judged(BaseModel):
    """Whether an image looks like those of the training; without an archive nobody knows."""

    unlike: bool | None
    distance: float | None
    threshold: float | None


class Pixels(BaseModel):
    """A gray image, row by row: little-endian uint16 in base64."""

    width: int
    height: int
    gray: str


class ImageAnswer(BaseModel):
    """The image as the program reads it, made smaller for the screen."""

    columns: int
    rows: int
    pixels: Pixels
    judged: Judged


class HeatMapAnswer(BaseModel):
    """The map over the whole image, its lowest value 0 and its highest 65535; the peak in pixels of the image."""

    pixels: Pixels
    peak_column: int
    peak_row: int
    lowest: float
    highest: float


class ClassScore(BaseModel):
    """One class; the score compares the classes of one image, the cosine compares images."""

    name: str
    score: float
    cosine: float


class SimilarStudy(BaseModel):
    """A study of the archive; its image is at ``/api/archive/{place}``."""

    study: str
    place: int
    cosine: float
    sentences: list[str]


class Near(BaseModel):
    """A sentence of the training reports."""

    text: str
    similarity: float
    studies: int


class DraftLine(BaseModel):
    """A sentence of a draft with the prototype it comes from and the training sentences next to it."""

    text: str
    similarity: float
    prototype: int
    weight: float
    nearest: list[Near]


class DraftAnswer(BaseModel):
    """A draft, and what was left out of it and why."""

    sentences: list[DraftLine]
    dropped: list[str]


class ReconstructAnswer(BaseModel):
    """What the model saw and what it made of it."""

    seen: Pixels
    made: Pixels
    error: float


class About(BaseModel):
    """The model, and what it can be asked for."""

    model: str
    sha256: str
    method: str
    synthetic: bool | None
    dataset: str | None
    size: tuple[int, int] | None
    archive: int
    examples: list[str]
    can: list[str]
    version: str
