"""Choosing a view and reading it."""
from pathlib import Path

from mmcv.transforms import BaseTransform

from prior_mm.datasets.images import read_radiograph
from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadRadiograph(BaseTransform):
    """Reads one of the study's frontal views (paper section 4.1: a new one at random at each visit).

    Needs ``images`` and ``image_root``, and obeys ``pixel_range`` (of the annotation file) if there is one; adds
    ``image`` (uint8 or uint16, (H, W), the type's maximum stands for white) and ``image_path`` (as annotated, relative
    to the image root).

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
        """Add ``image`` and ``image_path``."""
        images = results['images']
        chosen = int(results['rng'].integers(len(images))) if self.view == 'random' else 0
        results['image_path'] = images[chosen]
        results['image'] = read_radiograph(Path(results['image_root']) / images[chosen], self.size,
                                           results.get('pixel_range'))
        return results
