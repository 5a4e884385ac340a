"""``embed``, ``index``, ``search``: vectors in files, and what is like what."""
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import FINE, SOME_FAILED, listed, load_model
from .printing import complain, print_json, print_lines, print_table


def embed(
        model: options.ModelPath, images: options.Images,
        out: Annotated[Path, typer.Option(help='a .parquet file with id, path and vector of each image')],
        as_json: options.AsJson = False, config: options.Config = None, tokenizer: options.Tokenizer = None,
        device: options.Device = None, bits: options.Bits = None, percentile: options.Percentile = None) -> int:
    """Images to vectors of the joint space, in a table that pandas, Polars and DuckDB read.

    The model's SHA-256 stands in the table's metadata.

    \b
    Example: prior-mm embed work_dirs/prior_demo_grounded films/ --out embeddings.parquet
    """
    from prior_mm.inference.vector_tables import write_table
    if out.suffix != '.parquet':
        raise ValueError(f'{out}: embeddings are written to a .parquet file')
    loaded = load_model(model, None, config, tokenizer, device, bits, percentile)
    found = loaded.embed_images(listed(images))
    complain(found.failed)
    if not found.names:
        raise ValueError('none of the images can be used; nothing was written')
    write_table(out, dict(id=[Path(name).stem for name in found.names], path=list(found.names)),
                dict(vector=found.vectors), dict(model=loaded.info.sha256, model_name=Path(loaded.info.path).name,
                                                 synthetic=loaded.info.synthetic))
    if as_json:
        print_json(dict(written=out, images=len(found.names), dims=found.vectors.shape[1],
                        model_sha256=loaded.info.sha256, failed=found.failed))
    else:
        print_lines(f'{out}: {len(found.names):,} vectors of {found.vectors.shape[1]} numbers')
    return SOME_FAILED if found.failed else FINE


def index(
        model: options.ModelPath,
        annotations: Annotated[Path, typer.Argument(help='an annotation file of pre-training (docs/data.md)')],
        out: Annotated[Path, typer.Option(help='the folder of the archive')],
        image_root: Annotated[Path | None, typer.Option(
            help='folder that image paths count from (default: the one above annotations/)')] = None,
        as_json: options.AsJson = False, config: options.Config = None, tokenizer: options.Tokenizer = None,
        device: options.Device = None) -> int:
    """Studies with their reports to an archive: for search, drafts, prototypes, and the guard.

    It holds the sentences of the reports, and is as confidential as these.

    \b
    Example: prior-mm index work_dirs/prior_demo_grounded data/demo/annotations/train.json --out index
    """
    loaded = load_model(model, None, config, tokenizer, device)
    made = loaded.index(annotations, image_root)
    made.save(out)
    complain(made.failed)
    if as_json:
        print_json(dict(written=out, studies=len(made), sentences=len(made.sentences.texts),
                        model_sha256=loaded.info.sha256, failed=made.failed))
    else:
        print_lines(f'{out}: {len(made):,} studies, {len(made.sentences.texts):,} different sentences')
    return SOME_FAILED if made.failed else FINE


def search(
        model: options.ModelPath,
        archive: Annotated[Path, typer.Argument(help='what `prior-mm index` or `prior-mm embed` wrote')],
        text: Annotated[str | None, typer.Option(help='look for this')] = None,
        image: Annotated[Path | None, typer.Option(help='look for what is like this')] = None,
        by: Annotated[str, typer.Option(help="what of the studies is compared: 'image' or 'report'")] = 'image',
        number: Annotated[int, typer.Option('-k', '--number', help='how many studies')] = 5,
        as_json: options.AsJson = False, config: options.Config = None, tokenizer: options.Tokenizer = None,
        device: options.Device = None, bits: options.Bits = None, percentile: options.Percentile = None) -> int:
    """The studies that are most like a text or an image; the search is exact.

    \b
    Example: prior-mm search work_dirs/prior_demo_grounded index --text 'Large heart.' -k 3
    """
    loaded = load_model(model, None, config, tokenizer, device, bits, percentile)
    found = loaded.similar(image=image, text=text, archive=archive, k=number, by=by)  # type: ignore[arg-type]
    if as_json:
        print_json(dict(model_sha256=loaded.info.sha256, synthetic=loaded.info.synthetic, matches=found))
    else:
        print_table(['study', 'cosine', 'image', 'report'],
                    ([match.study, f'{match.cosine:.3f}', match.image, ' '.join(match.sentences)] for match in found))
    return FINE
