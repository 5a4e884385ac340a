"""What a converter prints at its end, for the tests of the command lines."""


def rows(text):
    """The table that stands at the end, by the first column: the numbers of the last."""
    lines = [line.strip('\u2502').split('\u2502') for line in text.splitlines() if line.startswith('\u2502')]
    return {cells[0].strip(): int(cells[-1].replace(',', '')) for cells in lines}
