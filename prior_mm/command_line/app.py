"""``prior-mm``: what a trained model is for, command by command."""
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from prior_mm.version import __version__

from . import about, of_archives, of_images, page

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help='What a trained model is for: scores, heat maps, embeddings, search, drafts. Research only, no '
                       'medical device.',
                  epilog='Exit codes: 0 all went well, 1 an error, 2 a wrong use, 3 some images could not be used. '
                         'PRIOR_TRACEBACK=1 shows where an error is from. More: docs/inference.md.')


def _command(function: Callable[..., int]) -> None:
    """Make a function a command that ends with the code it gives, and an error with its message."""
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except (OSError, ValueError, ImportError) as error:
            if os.environ.get('PRIOR_TRACEBACK'):
                raise
            typer.echo(f'prior-mm {function.__name__}: {error}', err=True)
            code = 1
        raise typer.Exit(code)

    app.command(function.__name__)(run)


for _function in (of_images.score, of_images.heatmap, of_images.draft, of_archives.embed, of_archives.index,
                  of_archives.search, page.serve, about.info, about.models):
    _command(_function)


def _hand_on(name: str, what: str) -> None:
    def run(context: typer.Context) -> None:
        tool = Path(__file__).resolve().parents[1] / '.mim' / 'tools' / f'{name}.py'
        if not tool.is_file():
            typer.echo(f'prior-mm {name}: {tool} is not there: install the project (make setup)', err=True)
            raise typer.Exit(1)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, str(tool), *context.args])  # its signals, its exit code

    app.command(name, help=f'{what} (tools/{name}.py, with its own options: prior-mm {name} --help).',
                context_settings=dict(allow_extra_args=True, ignore_unknown_options=True, help_option_names=[]))(run)


_hand_on('train', 'Train from a config')
_hand_on('test', 'Evaluate a checkpoint')
_hand_on('results', 'Results of any number in one table')


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option('--version', help='print the version')] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Entry of the console script."""
    app()
