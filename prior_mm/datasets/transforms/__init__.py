"""What happens to a study on its way into a batch; everything random draws from ``results['rng']``."""
from .geometry import RandomFlipRadiograph, RandomRotateRadiograph, ResizeRadiograph
from .load import LoadRadiograph
from .pack import PackStudy
from .report import ShuffleSentences, TokenizeReport

__all__ = ['LoadRadiograph', 'PackStudy', 'RandomFlipRadiograph', 'RandomRotateRadiograph', 'ResizeRadiograph',
           'ShuffleSentences', 'TokenizeReport']
