"""Choosing a view and reading it."""
from pathlib import Path

from mmcv.transforms import BaseTransform

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_radiograph
from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadRadiograph(BaseTransform):
    """Reads one of the study's frontal views (paper section 4.1: a new one at random at each visit).

    Needs ``images`` and ``image_root``, and obeys ``pixel_range`` (of the annotation file) if there is one; adds
    ``image`` (uint8 or uint16, (H, W), the type's maximum stands for white) and ``image_path`` (as annotated, relative
    to the image root). Where there are ``width`` and ``height``, of the film that places were annotated on, the image
    has to be of its shape: it may be a smaller copy, but none that was cut, padded or stretched.

    Args:
        size: Pixels of the short side that are needed, the larger side of what the image is resized to: large JPEGs
            are then decoded at a reduced size, in a third of the time. ``None`` decodes all of it.
        view: ``'random'``, or ``'first'`` (as annotated) for an evaluation that does not depend on the seed.
    """

    def __init__(self, size: int | None = None, view: str = 'random') -> None:
        if view not in ('random', 'first'):
            raise ValueError(f"LoadRadiograph: view must be 'random' or 'first', got {view!r}")
        self.size = size
        self.view = view

    def transform(self, results: dict) -> dict:
        """Add ``image`` and ``image_path``.

        Raises:
            ImageError: If the file cannot be read, or is of another shape than the film that was annotated.
        """
        images = results['images']
        chosen = int(results['rng'].integers(len(images))) if self.view == 'random' else 0
        results['image_path'] = images[chosen]
        path = Path(results['image_root']) / images[chosen]
        results['image'] = read_radiograph(path, self.size, results.get('pixel_range'))
        if 'width' in results:
            _check_shape(path, results['image'].shape, results['height'], results['width'])
        return results


def _check_shape(path: Path, shape: tuple[int, ...], height: int, width: int) -> None:
    """Aspects may differ by 2 %, and by the pixel that reduced decoding rounds."""
    expected = shape[1] * height / width
    if abs(shape[0] - expected) > 0.02 * expected + 1:
        raise ImageError(f'{path}: the image is of another shape, {shape[1]} x {shape[0]} px as it is read, than the '
                         f'film of {width} x {height} px that was annotated: places would be shifted. Take the '
                         'original, or a copy that was neither cut, padded nor stretched')
