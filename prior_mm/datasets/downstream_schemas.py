"""Names and versions of the downstream tasks' annotation files, which converters write and data sets read."""

CLASSIFICATION = 'prior_mm.classification/1'
MULTI_LABEL = 'prior_mm.multi_label/1'
SEGMENTATION = 'prior_mm.segmentation/1'
DETECTION = 'prior_mm.detection/1'
GROUNDING = 'prior_mm.grounding/1'
