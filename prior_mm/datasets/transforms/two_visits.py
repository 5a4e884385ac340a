"""Two visits to a study at once: two views, two texts."""
from collections.abc import Callable, Sequence

from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TwoVisits(BaseTransform):
    """Runs its transforms twice on the same study, each time with new random numbers.

    Gives what the first run gives, with ``second``: what the second one gives. Of a study with several views or
    sentences they differ in view and text, else in the augmentation; :func:`collate_studies` lines them up.

    Args:
        transforms: The transforms, the last of which is ``PackStudy``.
    """

    def __init__(self, transforms: Sequence[dict | Callable]) -> None:
        self.transforms = Compose([TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms])

    def transform(self, results: dict) -> dict | None:
        """Visit twice."""
        first, second = self.transforms(dict(results)), self.transforms(dict(results))
        return None if first is None or second is None else {**first, 'second': second}
