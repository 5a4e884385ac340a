"""``info``, ``models``: what is in a checkpoint, and what is here."""
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .options import FINE
from .printing import complain, plain, print_json, print_lines, print_table


def info(model: options.ModelPath, as_json: options.AsJson = False, config: options.Config = None,
         tokenizer: options.Tokenizer = None) -> int:
    """What is in a checkpoint: model, training data, preprocessing, and the figures that were measured of it.

    Nothing of it is executed. --json also prints the config of the run.

    \b
    Example: prior-mm info work_dirs/prior_demo_grounded
    """
    found = _info(model, config, tokenizer)
    if as_json:
        print_json(found)
        return FINE
    rows = [(name.replace('_', ' '), _shown(value)) for name, value in plain(found).items()
            if name not in ('config', 'figures') and value is not None]
    rows += [(f'{file}: {name}', _shown(value)) for file, figures in found.figures.items()
             for name, value in figures.items() if isinstance(value, (int, float))]
    print_table(['', ''], rows)
    if found.synthetic:
        print_lines('Trained on SYNTHETIC images: it says nothing about real radiographs.')
    return FINE


def models(folder: Annotated[Path, typer.Argument(help='where to look')] = Path('work_dirs'),
           as_json: options.AsJson = False) -> int:
    """What models are here: runs, checkpoints and exports below a folder.

    \b
    Example: prior-mm models work_dirs
    """
    from prior_mm.inference import Failure
    from prior_mm.inference.info import list_models
    if not folder.is_dir():
        raise FileNotFoundError(f'there is no folder {folder}: name the one with your runs')
    found, failed = [], []
    for path in list_models(folder):
        try:
            found.append(dict(path=path, **{key: value for key, value in vars(_info(path)).items()
                                            if key not in ('path', 'config', 'figures')}))
        except (OSError, ValueError) as error:
            failed.append(Failure(str(path), f'{path}: {str(error).splitlines()[0]}'))
    if as_json:
        print_json(dict(models=found, failed=failed))
        return FINE
    complain(failed)
    print_table(['model', 'method', 'width', 'trained on', 'epoch', 'losses'], (
        [str(one['path']), one['method'], str(one['embed_dims']),
         f'{one["dataset"] or "?"}{" (SYNTHETIC)" if one["synthetic"] else ""}', str(one['epoch'] or '-'),
         ', '.join(one['losses'] or ())] for one in found))
    return FINE


def _info(path: Path, config: str | None = None, tokenizer: str | None = None) -> Any:
    from prior_mm.inference.info import describe
    from prior_mm.inference.opened import open_source
    options.warnings_aside()
    return describe(open_source(path, config, tokenizer))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, list):
        return ', '.join(map(str, value))
    return f'{value:,}' if isinstance(value, int) else f'{value:.4g}' if isinstance(value, float) else str(value)
