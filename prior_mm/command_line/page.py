"""``serve``: the web page."""
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import FINE, load_model


def serve(
        model: options.ModelPath, archive: options.ArchivePath = None,
        image_root: Annotated[Path | None, typer.Option(
            help='folder that the image paths of the archive count from, to show them; by default, for an annotation '
                 'file, the one above annotations/')] = None,
        host: Annotated[str, typer.Option(
            help='address to listen at; any but this machine\'s own asks for a token')] = '127.0.0.1',
        port: Annotated[int, typer.Option(min=1, max=65535)] = 8000, config: options.Config = None,
        tokenizer: options.Tokenizer = None, device: options.Device = None, bits: options.Bits = None,
        percentile: options.Percentile = None) -> int:
    """A page on this machine: drop a film, type a sentence, see where the model looks.

    \b
    Example: prior-mm serve work_dirs/prior_demo_grounded --archive data/demo/annotations/train.json
    """
    try:
        from prior_mm.web import serve as serve_page
    except ImportError as error:
        raise ImportError(f'the page needs FastAPI and uvicorn ({error}): pip install "mmprior[web]"') from None
    loaded = load_model(model, archive, config, tokenizer, device, bits, percentile)
    if image_root is None and archive is not None and archive.suffix == '.json':
        image_root = archive.resolve().parent.parent
    serve_page(loaded, host, port, image_root, say=lambda line: typer.echo(line))
    return FINE
