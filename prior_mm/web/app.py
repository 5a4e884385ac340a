"""The application: what :class:`prior_mm.inference.Model` answers, for a browser and for programs."""
import base64
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from prior_mm.datasets.errors import ImageError
from prior_mm.inference import Model, Verdict, gray_image
from prior_mm.inference.draft import can_draft
from prior_mm.inference.encoder import can_reconstruct
from prior_mm.version import __version__

from . import answers
from .limits import Limits

_STATIC = Path(__file__).parent / 'static'
_SCREEN, _MAP = 1024, 256  # longer side of what is sent to the screen, pixels
_log = logging.getLogger('prior_mm.web')


def create_app(model: Model, examples: Sequence[tuple[str, Path]] = (), archive_root: Path | None = None,
               token: str | None = None) -> FastAPI:
    """The application of one model.

    No path comes from a client: examples and studies are asked for by their number. What is uploaded is held in memory
    for the time of the answer, and neither it nor a sentence is written or logged.

    Args:
        model: The model, with an archive or without.
        examples: Names and files of images that are one click away.
        archive_root: Folder that the image paths of the archive count from; without one its images are not shown.
        token: What callers must know; None where only this machine can ask.
    """
    app = FastAPI(title='prior_mm', version=__version__, docs_url=None, redoc_url=None, openapi_url='/api/openapi.json',
                  description='A research model of radiographs and reports. No medical device.')
    places = {} if model.archive is None else {study: place for place, study in enumerate(model.archive.studies)}
    lock = threading.Lock()  # one answer at a time: a model computes on all cores as it is
    app.add_middleware(Limits, token=token)
    app.mount('/static', StaticFiles(directory=_STATIC), name='static')

    @app.exception_handler(ImageError)
    async def unusable(request: Request, error: ImageError) -> JSONResponse:
        return JSONResponse(dict(detail=str(error)), 422)

    @app.exception_handler(ValueError)
    async def impossible(request: Request, error: ValueError) -> JSONResponse:
        return JSONResponse(dict(detail=str(error)), 400)

    @app.exception_handler(RequestValidationError)
    async def misunderstood(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [f'{".".join(str(part) for part in one["loc"][1:])}: {one["msg"]}' for one in error.errors()]
        return JSONResponse(dict(detail='; '.join(wrong[:5])), 422)  # without what was sent

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _log.error('%s: %s', request.url.path, type(error).__name__)  # its text may hold what was uploaded
        return JSONResponse(dict(detail='something unforeseen went wrong; the program goes on'), 500)

    @app.get('/', include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(_STATIC / 'index.html')

    @app.get('/programs', include_in_schema=False)
    def programs() -> FileResponse:
        return FileResponse(_STATIC / 'programs.html')

    @app.get('/api/about')
    def about() -> answers.About:
        """The model, and what it can be asked for."""
        info = model.info
        return answers.About(
            model=Path(info.path).name, sha256=info.sha256, method=info.method, synthetic=info.synthetic,
            dataset=info.dataset, size=info.size, archive=0 if model.archive is None else len(model.archive),
            examples=[name for name, _ in examples], can=_can(model), version=__version__)

    @app.get('/api/examples/{number}', response_class=Response)
    def example(number: int) -> FileResponse:
        """The file of an example."""
        if not 0 <= number < len(examples):
            raise HTTPException(404, 'there is no such example')
        return FileResponse(examples[number][1], media_type='application/octet-stream')

    @app.get('/api/archive/{place}')
    def study_image(place: int) -> answers.Pixels:
        """The image of a study of the archive."""
        if model.archive is None or archive_root is None or not 0 <= place < len(model.archive):
            raise HTTPException(404, 'there is no such image')
        return _pixels(gray_image(archive_root / model.archive.images[place], _MAP, model.encoder.pixel_range), _MAP)

    @app.post('/api/image')
    def image(asked: answers.ImageRequest) -> answers.ImageAnswer:
        """The image as the program reads it, and whether it looks like those of the training."""
        with lock:
            gray = gray_image(asked.image, None, model.encoder.pixel_range)
            verdict = None if model.archive is None or model.archive.guard is None else \
                model.unlike_training(asked.image)
        return answers.ImageAnswer(columns=gray.shape[1], rows=gray.shape[0], pixels=_pixels(gray, _SCREEN),
                                   judged=_judged(verdict))

    @app.post('/api/heatmap')
    def heatmap(asked: answers.HeatMapRequest) -> answers.HeatMapAnswer:
        """Where a sentence is seen."""
        with lock:
            found = model.heatmap(asked.image, asked.sentence, asked.kind)
        low, high = float(found.values.min()), float(found.values.max())
        share = (found.values - low) / (high - low or 1.)
        return answers.HeatMapAnswer(pixels=_pixels((share * 65535).astype(np.uint16), _MAP),
                                     peak_column=found.peak[0], peak_row=found.peak[1], lowest=low, highest=high)

    @app.post('/api/score')
    def score(asked: answers.ScoreRequest) -> list[answers.ClassScore]:
        """How well each class fits the image."""
        with lock:
            found = model.score(asked.image, asked.classes)
        return [answers.ClassScore(name=name, score=float(one), cosine=float(other)) for name, one, other in
                zip(found.classes, found.scores[0], found.cosines[0], strict=True)]

    @app.post('/api/similar')
    def similar(asked: answers.SimilarRequest) -> list[answers.SimilarStudy]:
        """The studies of the archive that are most like an image or a text."""
        with lock:
            found = model.similar(asked.image, asked.text, k=asked.k)
        return [answers.SimilarStudy(study=match.study, place=places[match.study], cosine=match.cosine,
                                     sentences=list(match.sentences)) for match in found]

    @app.post('/api/draft')
    def draft(asked: answers.ImageRequest) -> answers.DraftAnswer:
        """What the model would write, in sentences of the training reports."""
        with lock:
            found = model.draft_report(asked.image)
        return answers.DraftAnswer(
            sentences=[answers.DraftLine(
                text=line.text, similarity=line.similarity, prototype=line.prototype, weight=line.weight,
                nearest=[answers.Near(**near._asdict()) for near in line.nearest]) for line in found.sentences],
            dropped=[f'{line.text} ({line.reason})' for line in found.dropped])

    @app.post('/api/reconstruct')
    def reconstruct(asked: answers.ReconstructRequest) -> answers.ReconstructAnswer:
        """The image, decoded from its patches under the condition of a report."""
        with lock:
            found = model.reconstruct(asked.image, asked.report)
        seen, made = (_pixels((np.clip(part, 0, 1) * 65535).astype(np.uint16), _MAP)
                      for part in (found.image, found.reconstruction))
        return answers.ReconstructAnswer(seen=seen, made=made, error=found.error)

    return app


def _can(model: Model) -> list[str]:
    """The parts of the page that this model can fill."""
    return [name for name, able in (('similar', model.archive is not None),
                                    ('draft', model.archive is not None and can_draft(model.encoder)),
                                    ('reconstruct', can_reconstruct(model.encoder))) if able]


def _pixels(gray: np.ndarray, longest: int) -> answers.Pixels:
    """uint8 or uint16 (H, W), made smaller if its longer side is more than that."""
    gray = gray.astype(np.uint16) * 257 if gray.dtype == np.uint8 else gray
    scale = longest / max(gray.shape)
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return answers.Pixels(width=gray.shape[1], height=gray.shape[0],
                          gray=base64.b64encode(gray.astype('<u2').tobytes()).decode('ascii'))


def _judged(verdict: Verdict | None) -> answers.Judged:
    return answers.Judged(unlike=None, distance=None, threshold=None) if verdict is None else answers.Judged(
        unlike=verdict.unlike, distance=verdict.score, threshold=verdict.threshold)
