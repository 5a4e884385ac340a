"""``score``, ``heatmap``, ``draft``: what a model says of images."""
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .options import FINE, SOME_FAILED, listed, load_model
from .printing import complain, print_json, print_lines, print_table

_BANNER = 'A research model, and no medical device: nothing here is a finding of a physician.'


def score(
        model: options.ModelPath, images: options.Images,
        prompt: Annotated[list[str] | None, typer.Option(
            help='one class, as a PROMPT or NAME=PHRASE, written once for each; several of one NAME are one '
                 'class')] = None,
        prompts: Annotated[Path | None, typer.Option(
            metavar='FILE', help='JSON: {"Edema": ["There is edema."], "No edema": ["No edema."]}')] = None,
        dicom: Annotated[Path | None, typer.Option(
            metavar='FILE', help='write the scores of one DICOM film as a DICOM structured report, too')] = None,
        archive: options.ArchivePath = None, as_json: options.AsJson = False, config: options.Config = None,
        tokenizer: options.Tokenizer = None, device: options.Device = None, bits: options.Bits = None,
        percentile: options.Percentile = None) -> int:
    """How well each of several classes fits each image, by prompts; nothing is trained for it.

    With --archive it is also said of each image whether it looks like those of the training.

    \b
    Example: prior-mm score work_dirs/prior_demo_grounded films/ --prompt 'Large heart' --prompt 'The heart is normal'
    """
    classes, files = _classes(prompt or [], prompts), listed(images)
    if dicom is not None and len(files) != 1:
        raise ValueError(f'--dicom is for the scores of one DICOM film, and {len(files)} images were given')
    loaded = load_model(model, archive, config, tokenizer, device, bits, percentile)
    found = loaded.score(files, classes)
    complain(found.failed)
    if dicom is not None and found.names:
        from prior_mm.export.dicom_results import write_structured_report
        write_structured_report(found.names[0], dict(zip(found.classes, found.scores[0].tolist(), strict=True)), dicom,
                                loaded.info.sha256)
    if as_json:
        print_json(dict(_source(loaded), **vars(found)))
    else:
        unlike = ['UNLIKE TRAINING' if verdict.unlike else '' for verdict in found.verdicts or ()]
        rows = zip(found.names, found.scores, unlike or [''] * len(found.names), strict=True)
        print_table(['image', *found.classes, *([''] if unlike else [])],
                    ([name, *(f'{value:.3f}' for value in values), *([verdict] if unlike else [])]
                     for name, values, verdict in rows), title=_title(loaded))
    return SOME_FAILED if found.failed else FINE


def heatmap(
        model: options.ModelPath,
        image: Annotated[Path, typer.Argument(help='a JPEG, PNG, TIFF or DICOM file')],
        sentence: Annotated[str, typer.Argument(help='what to look for')],
        out: Annotated[Path | None, typer.Option(
            help='a picture (.png), the values (.npy), or a DICOM segmentation of a DICOM film (.dcm)')] = None,
        kind: Annotated[str, typer.Option(help='cosine, attention or gradient')] = 'cosine',
        archive: options.ArchivePath = None, as_json: options.AsJson = False, config: options.Config = None,
        tokenizer: options.Tokenizer = None, device: options.Device = None, bits: options.Bits = None,
        percentile: options.Percentile = None) -> int:
    """Where in an image a sentence is seen: the peak, and a picture.

    \b
    Example: prior-mm heatmap work_dirs/prior_demo_grounded film.png 'There is a nodule' --out map.png
    """
    if out is not None and out.suffix not in ('.png', '.npy', '.dcm'):
        raise ValueError(f'{out}: a heat map is written to a .png, .npy or .dcm file')
    loaded = load_model(model, archive, config, tokenizer, device, bits, percentile)
    found = loaded.heatmap(image, sentence, kind)  # type: ignore[arg-type]
    if out is not None:
        _write_map(loaded, image, found, out)
    if as_json:
        print_json(dict(_source(loaded), sentence=sentence, kind=kind, peak=found.peak, patches=found.patches,
                        size=found.values.shape, verdict=found.verdict, written=out))
    else:
        print_lines(f'peak at column {found.peak[0]}, row {found.peak[1]} of {found.values.shape[1]} x '
                    f'{found.values.shape[0]} px; {kind} {found.patches.min():.3f} to {found.patches.max():.3f}'
                    + (f'; written to {out}' if out else ''), _title(loaded))
    return FINE


def draft(
        model: options.ModelPath, images: options.Images, archive: options.ArchivePath = None,
        as_json: options.AsJson = False, config: options.Config = None, tokenizer: options.Tokenizer = None,
        device: options.Device = None, bits: options.Bits = None, percentile: options.Percentile = None) -> int:
    """What the model would write of images, in sentences of the training reports (--archive).

    \b
    Example: prior-mm draft work_dirs/pretrain_demo film.png --archive work_dirs/pretrain_demo/index
    """
    from prior_mm.datasets.errors import ImageError
    from prior_mm.inference import Failure
    loaded = load_model(model, archive, config, tokenizer, device, bits, percentile)
    drafts: dict[str, Any] = {}
    failed = []
    for image in listed(images):
        try:
            drafts[str(image)] = loaded.draft_report(image)
        except ImageError as error:
            failed.append(Failure(str(image), str(error)))
    complain(failed)
    if as_json:
        print_json(dict(_source(loaded), drafts=drafts, failed=failed))
    else:
        for name, written in drafts.items():
            unlike = ' (UNLIKE TRAINING)' if written.verdict is not None and written.verdict.unlike else ''
            print_lines(f'{name}{unlike}', *(f'  {sentence.text}  [{sentence.similarity:.2f}, prototype '
                                             f'{sentence.prototype}]' for sentence in written.sentences))
        print_lines(_title(loaded))
    return SOME_FAILED if failed else FINE


def _classes(given: Sequence[str], file: Path | None) -> dict[str, list[str]]:
    """Classes with their phrases, of the options or a file."""
    if bool(given) == (file is not None):
        raise ValueError('classes are told by --prompt (twice at least) or by --prompts FILE, by one of the two')
    if file is not None:
        try:
            read = json.loads(file.read_text(encoding='utf-8'))
        except ValueError as error:
            raise ValueError(f'{file} is not JSON ({error})') from None
        if not isinstance(read, dict) or not all(
                isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in read.values()):
            raise ValueError(f'{file}: wanted is a list of phrases for each class, {{"Edema": ["There is edema."]}}')
        return read
    classes: dict[str, list[str]] = {}
    for text in given:
        name, equals, phrase = text.partition('=')
        classes.setdefault(name.strip() if equals else text, []).append(phrase.strip() if equals else text)
    return classes


def _source(model: Any) -> dict[str, Any]:
    return dict(model=model.info.path, model_sha256=model.info.sha256, synthetic=model.info.synthetic,
                research_only=True)


def _title(model: Any) -> str:
    return ('Trained on SYNTHETIC images. ' if model.info.synthetic else '') + _BANNER


def _write_map(model: Any, image: Path, found: Any, out: Path) -> None:
    import numpy as np

    from prior_mm.inference import gray_image
    from prior_mm.visualization.heat_map_picture import draw_heat_map
    if out.suffix == '.npy':
        np.save(out, found.values)
    elif out.suffix == '.dcm':
        from prior_mm.export.dicom_results import write_heat_map
        write_heat_map(image, found.values, found.sentence, out, model.info.sha256)
    else:
        draw_heat_map(gray_image(image, pixel_range=model.encoder.pixel_range), found.values, found.peak, out,
                      f'{found.sentence} ({found.kind})')
