"""Real annotations that the package torchxrayvision carries as files; the package is not imported."""
import importlib.util
from pathlib import Path


def find_carried(name: str, what: str) -> Path:
    """Path of a file of the package.

    Args:
        name: Of the file.
        what: Is in it; for the message.

    Raises:
        FileNotFoundError: If the package is not installed; the message says how to.
    """
    spec = importlib.util.find_spec('torchxrayvision')
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, 'data', name)).is_file():
            return path
    raise FileNotFoundError(f'{what} ({name}) are read from the package torchxrayvision, which is not installed: '
                            'pip install --no-deps torchxrayvision==1.5.7')
