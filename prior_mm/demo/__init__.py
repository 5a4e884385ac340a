"""The demo data: real reports and synthetic radiographs that show what they say."""
from .findings import CHEXPERT, ZERO_SHOT, Finding, chexpert_labels, read_findings
from .lung_masks import load_lung_masks
from .phantom import render_radiograph
from .raw_layout import DemoStudy, plan_studies, write_demo

__all__ = ['CHEXPERT', 'ZERO_SHOT', 'DemoStudy', 'Finding', 'chexpert_labels', 'load_lung_masks', 'plan_studies',
           'read_findings', 'render_radiograph', 'write_demo']
