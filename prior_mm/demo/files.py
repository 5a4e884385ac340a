"""Files of the demo data: complete or not there, and never among data of another kind."""
import hashlib
import json
from pathlib import Path
from typing import Any

from prior_mm.files.whole_files import write_whole

_MARKER = 'demo.json'


def claim_folder(root: Path, description: dict[str, Any]) -> None:
    """Refuse a folder with data of another kind, seed or size: what is there would be kept and mixed.

    Raises:
        ValueError: If the folder holds other data.
    """
    marker = root / _MARKER
    if marker.is_file():
        if json.loads(marker.read_text(encoding='utf-8')) != description:
            raise ValueError(f'{root} holds demo data of another seed, size or number ({marker.read_text().strip()}); '
                             'remove it or name another folder')
    elif root.is_dir() and any(root.iterdir()):
        raise ValueError(f'{root} is not empty and holds no demo data: name another folder')
    write_whole(marker, json.dumps(description).encode())


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
