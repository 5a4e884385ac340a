"""How many studies of MIMIC-CXR others kept, so that a user sees whether the data are complete."""
from .conversion_run import PartSummary
from .mimic_cxr import FULL_IMAGES, FULL_STUDIES, MimicStudies

PUBLISHED_PAIRS = 182_475  # PRIOR, section 4.1: pairs of image and report with at least four sentences
PUBLISHED_MIN_SENTENCES = 4
_TOLERANCE = 0.05


def compare_with_published(studies: MimicStudies, summary: PartSummary, min_sentences: int) -> str:
    """Lines for the end of a conversion: whether this is all of MIMIC-CXR, and how the counts agree."""
    if studies.images != FULL_IMAGES or len(studies) != FULL_STUDIES:
        return (f'The metadata lists {studies.images:,} images of {len(studies):,} studies; all of MIMIC-CXR-JPG is '
                f'{FULL_IMAGES:,} of {FULL_STUDIES:,}. Published counts are of all of it: they are not compared.')
    lines = [f'All of MIMIC-CXR-JPG: {FULL_IMAGES:,} images of {FULL_STUDIES:,} studies.']
    if min_sentences != PUBLISHED_MIN_SENTENCES:
        return '\n'.join([*lines, f'The published {PUBLISHED_PAIRS:,} pairs are of reports with at least '
                                  f'{PUBLISHED_MIN_SENTENCES} sentences, so they are not compared.'])
    images, kept = sum(summary.images.values()), sum(summary.kept.values())
    for name, count in (('images with a report', images), ('studies', kept)):
        lines.append(f'Published: {PUBLISHED_PAIRS:,} pairs. Here: {count:,} {name} '
                     f'({count / PUBLISHED_PAIRS - 1:+.1%}).')
    if min(abs(count / PUBLISHED_PAIRS - 1) for count in (images, kept)) > _TOLERANCE:
        lines.append('Neither is near: look at the reasons above, and whether all reports and images are there.')
    return '\n'.join(lines)
