"""Studies (a radiograph and its report) and labelled radiographs: from annotation files to batches."""
from .collate import collate_studies
from .errors import AnnotationError, ImageError, StudyError
from .labelled_radiographs import LabelledRadiographs
from .phrase_grounding import PhraseGrounding
from .sampler import VisitSampler
from .study_dataset import StudyDataset
from .transforms import (
           CropCentre,
           LoadRadiograph,
           LoadRegion,
           PackStudy,
           RandomExposure,
           RandomFlipRadiograph,
           RandomFrame,
           RandomRotateRadiograph,
           ResizeRadiograph,
           ShuffleSentences,
           TokenizeReport,
           TwoVisits,
)
from .visit import Visit

__all__ = ['AnnotationError', 'CropCentre', 'ImageError', 'LabelledRadiographs', 'LoadRadiograph', 'LoadRegion',
           'PackStudy', 'PhraseGrounding', 'RandomExposure', 'RandomFlipRadiograph', 'RandomFrame',
           'RandomRotateRadiograph', 'ResizeRadiograph', 'ShuffleSentences', 'StudyDataset', 'StudyError',
           'TokenizeReport', 'TwoVisits', 'Visit', 'VisitSampler', 'collate_studies']
