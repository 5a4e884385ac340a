"""The published count is compared only with what it is of: all of MIMIC-CXR, at least four sentences."""
from collections import Counter
from pathlib import Path

import pytest

from prior_mm.converters.conversion_run import PartSummary
from prior_mm.converters.mimic_cxr import MimicStudies
from prior_mm.converters.mimic_layout import MimicLayout
from prior_mm.converters.published_counts import compare_with_published


def compared(kept, images, listed=(227_827, 377_110), min_sentences=4):
    here = Path()
    studies = MimicStudies(MimicLayout(here, here, here), images=listed[1], _subjects=dict.fromkeys(range(listed[0])))
    return compare_with_published(studies, PartSummary(Counter(train=kept - 10, test=10), Counter(train=images)),
                                  min_sentences)


def test_near():
    """Both ways of counting pairs stand beside 182,475; near is within a twentieth by one of them."""
    text = compared(kept=178_000, images=210_000)
    assert 'Here: 178,000 studies (-2.5%)' in text and 'Here: 210,000 images with a report (+15.1%)' in text
    assert text.count('182,475') == 2 and 'Neither is near' not in text


def test_far():
    """If neither is near, the user is told to look for what is missing."""
    assert 'Neither is near' in compared(kept=150_000, images=160_000)


@pytest.mark.parametrize('change, message', [(dict(listed=(227_826, 377_110)), 'they are not compared'),
                                             (dict(listed=(227_827, 377_109)), 'they are not compared'),
                                             (dict(min_sentences=3), 'so they are not compared')])
def test_not_compared(change, message):
    """Of a part of the data, or with another number of sentences, no difference is printed."""
    text = compared(178_000, 210_000, **change)
    assert message in text and '%' not in text and 'Neither' not in text
