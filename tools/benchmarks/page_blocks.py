"""What a command measured, in its place on a page of docs/."""
from collections.abc import Iterable


def table(columns: str, rows: Iterable[Iterable[str]]) -> str:
    """Markdown; the columns are parted by bars."""
    head = [column.strip() for column in columns.split('|')]
    return '\n'.join(f'| {" | ".join(row)} |' for row in (head, ['---'] * len(head), *rows))


def fill(page: str, blocks: dict[str, str], mark: str = 'scaling') -> str:
    """The page with each block between ``<!-- MARK: NAME -->`` and ``<!-- end -->``.

    Raises:
        ValueError: If the page has no place for a block.
    """
    for name, text in blocks.items():
        begin, end = f'<!-- {mark}: {name} -->\n', '<!-- end -->'
        before, found, rest = page.partition(begin)
        if not found or end not in rest:
            raise ValueError(f'the page has no place for `{name}`: it needs the lines `{begin.strip()}` and `{end}`')
        page = f'{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}'
    return page
