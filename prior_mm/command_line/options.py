"""Arguments and options that several commands share."""
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from prior_mm.inference import Model

ModelPath = Annotated[Path, typer.Argument(
    metavar='MODEL', help="a run's folder, a checkpoint, or an export of the joint model")]
Images = Annotated[list[Path], typer.Argument(metavar='IMAGE...', help='JPEG, PNG, TIFF or DICOM files, or folders')]
ArchivePath = Annotated[Path | None, typer.Option(
    '--archive', metavar='FOLDER', help='what `prior-mm index` wrote; an annotation file is indexed now')]
AsJson = Annotated[bool, typer.Option('--json', help='print JSON and nothing else')]
Config = Annotated[str | None, typer.Option(help='config of the model, for weights that do not hold it')]
Tokenizer = Annotated[str | None, typer.Option(help="vocabulary or folder, if the run's lies elsewhere now")]
Device = Annotated[str | None, typer.Option(help='cpu, cuda ... (default: a GPU if there is one)')]
Bits = Annotated[int | None, typer.Option(help='of 16-bit PNG and TIFF files, those that are used, 12 say')]
Percentile = Annotated[float | None, typer.Option(help="black and white by percentiles of each image's own values")]

#: How a command ends: all went well; some images could not be used. 1 is an error, 2 a wrong use.
FINE, SOME_FAILED = 0, 3


def warnings_aside() -> None:
    """Warnings on what is loaded go to standard error: standard output is for answers."""
    from mmengine.logging import MMLogger
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stdout__:
            handler.setStream(sys.stderr)


def load_model(path: Path, archive: Path | None = None, config: str | None = None, tokenizer: str | None = None,
               device: str | None = None, bits: int | None = None, percentile: float | None = None) -> 'Model':
    """The model that a command is asked for; see :func:`prior_mm.inference.load`."""
    from prior_mm.datasets.images import PixelRange
    from prior_mm.inference import load
    warnings_aside()
    asked = bits is not None or percentile is not None
    return load(path, archive=archive, config=config, tokenizer=tokenizer, device=device,
                pixel_range=PixelRange(bits, percentile) if asked else None)


def listed(images: list[Path]) -> list[Path]:
    """Files, and those of folders."""
    from prior_mm.inference.stream import list_images
    return [Path(name) for image in images for name in list_images(image).names]
