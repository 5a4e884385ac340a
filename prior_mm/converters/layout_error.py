"""What is missing of a data set, told at once."""
from collections.abc import Iterable


class LayoutError(FileNotFoundError):
    """Parts of a data set are missing; the message lists all of them, each with its mend.

    Args:
        problems: A line for each part.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__('The data are not complete:\n' + '\n'.join(f'  - {problem}' for problem in problems))
