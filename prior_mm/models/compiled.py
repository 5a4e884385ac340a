"""What may be compiled."""
import torch
from mmengine.utils import digit_version


def check_compiled(compiled: bool | str, chunk: int | None, *parts: dict | None) -> None:
    """Check that what is to be compiled is not to be computed again for its gradient, and that PyTorch is not too old.

    Args:
        compiled: ``model.compiled``.
        chunk: ``model.chunk``.
        parts: Configs of parts that may have ``with_cp``; None where there is no such part.

    Raises:
        ValueError: If either is so.
    """
    if compiled and (chunk or any((part or {}).get('with_cp') for part in parts)):
        raise ValueError('model.compiled=True goes neither with model.chunk nor with with_cp=True of an encoder or of '
                         'the image decoder: both compute a part again for its gradient. Leave one of them out')
    if compiled and digit_version(torch.__version__) < digit_version('2.6'):
        raise ValueError(f'model.compiled needs PyTorch 2.6 or newer, this is {torch.__version__}: leave it out')
