"""What happens to a study on its way into a batch; everything random draws from ``results['rng']``."""
from .appearance import RandomExposure, RandomFrame
from .geometry import CropCentre, RandomFlipRadiograph, RandomRotateRadiograph, ResizeRadiograph
from .load import LoadRadiograph
from .pack import PackStudy
from .region import LoadRegion
from .report import ShuffleSentences, TokenizeReport
from .two_visits import TwoVisits

__all__ = ['CropCentre', 'LoadRadiograph', 'LoadRegion', 'PackStudy', 'RandomExposure', 'RandomFlipRadiograph',
           'RandomFrame', 'RandomRotateRadiograph', 'ResizeRadiograph', 'ShuffleSentences', 'TokenizeReport',
           'TwoVisits']
