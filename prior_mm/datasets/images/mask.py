"""Reading the mask of a finding."""
from pathlib import Path

import numpy as np

from ..errors import ImageError
from .reader import read_radiograph

_PNG = b'\x89PNG\r\n\x1a\n'


def read_finding(path: str | Path) -> np.ndarray:
    """Read a mask, uint8 (H, W) of 0 and 1.

    Args:
        path: A PNG file of 0 and 1, or of 0 and 255, in which 255 is the finding. Other formats lose or rescale values.

    Raises:
        ImageError: If it is missing, no PNG, damaged, or of other values.
    """
    try:
        with open(path, 'rb') as file:
            head = file.read(len(_PNG))
    except OSError as error:
        raise ImageError(f'{path}: the mask cannot be opened ({error.strerror or error}). Run the converter, which '
                         'writes masks, and check data_root and data_prefix.seg_map_path') from error
    if head != _PNG:
        raise ImageError(f'{path}: a mask is a PNG file, this is none. Run the converter again')
    mask = read_radiograph(path)
    values = np.unique(mask).tolist()
    if not (set(values) <= {0, 1} or set(values) <= {0, 255}):
        shown = ', '.join(map(str, values[:8])) + (', ...' if len(values) > 8 else '')
        raise ImageError(f'{path}: the mask holds the values {shown}; wanted are 0 and 1, or 0 and 255, 255 being the '
                         'finding. Run the converter again, or save it without smoothing, colours and "ignore"')
    return (mask > 0).astype(np.uint8)
