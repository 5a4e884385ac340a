"""The page docs/any_input.md, made of what the tests of broken input saw."""
import re
from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'any_input.md'
_TITLE = """# Any input

What becomes of input that is broken, odd or hostile. `tests/test_any_input.py` makes every case, gives it to the
tools, and writes this page of what it saw (`PRIOR_WRITE_DOCS=1 python -m pytest tests/test_any_input.py`); without
that variable it fails where the page says something else. Whatever stops a tool ends it with exit status 1 and a
message, without a traceback (`PRIOR_TRACEBACK=1` shows it). What was written before, annotation files of an earlier
conversion say, stays as it was.

- *Stops*: the message names file, place and mend.
- *Left out*: counted in the table at the end, listed there (some) and in `annotations/left_out.csv` (all) by a
  converter; counted and listed at the end of the log (some) and in `<work_dir>/skipped_studies.txt` (all) by
  training and testing with `dataset.on_error='skip'`. It is never replaced by another sample.
"""


def normalised(message: str, *roots: Path) -> str:
    """A message as the page has it: one line, folders of this machine and words of decoders left out."""
    for root in sorted(map(str, roots), key=len, reverse=True):
        message = message.replace(root, 'ROOT')
    message = re.sub(r'\((\w*Error): (?:[^()]|\([^()]*\))*\)', r'(\1 ...)', ' '.join(message.split()))
    return message.replace('|', '\\|').replace('<', '&lt;').replace('__', '\\_\\_')


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A section with a table."""
    columns = list(columns)
    lines = [f'| {" | ".join(row)} |' for row in [columns, ['---'] * len(columns), *rows]]
    return f'\n## {title}\n\n' + '\n'.join(lines) + '\n'


def page(sections: Iterable[str]) -> str:
    """The whole page."""
    return _TITLE + ''.join(sections)
