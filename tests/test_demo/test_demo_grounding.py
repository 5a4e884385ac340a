"""The demo's grounding set: sentences that name what was drawn, and places that are where it was drawn."""
import json

import numpy as np
import pytest
from demo_reports import made_up_mask

from prior_mm.converters.openi import OpenIReport
from prior_mm.datasets import PhraseGrounding
from prior_mm.demo import Finding, render_radiograph, write_demo
from prior_mm.demo.phantom import draw_chest
from prior_mm.demo.phrases import find_phrases

MASK = made_up_mask()


def chest(*findings, size=96):
    return draw_chest(MASK, findings, np.random.default_rng(4), size)


@pytest.mark.parametrize('finding', [Finding('nodule', ('left', )), Finding('effusion', ('right', ), size=.6),
                                     Finding('opacity', ('left', ), .76), Finding('pneumothorax', ('right', )),
                                     Finding('pacemaker', ('left', ))], ids=lambda finding: finding.kind)
def test_place_is_where_the_film_changes(finding):
    """The film with the finding differs from the one without most within the place, and the place is on its side."""
    drawn = chest(finding)
    place, = drawn.places
    with_it, without = (render_radiograph(MASK, found, np.random.default_rng(4), 96).astype(float)
                        for found in ((finding, ), ()))
    change = np.abs(with_it - without)
    assert change[place].mean() > 1.5 * change[~place].mean()  # noise is drawn after it, and so differs everywhere
    side = drawn.x < 0 if 'right' in finding.sides else drawn.x >= 0
    assert (place & side).sum() > .9 * place.sum()


def test_heart_is_larger_than_normal_and_in_the_middle():
    """A large heart has the place of its silhouette, although it is drawn with the anatomy."""
    place, = chest(Finding('cardiomegaly', size=1.)).places
    rows, columns = np.nonzero(place)
    assert place.mean() > .05 and 30 < columns.mean() < 70 and rows.mean() > 40


SENTENCES = ['There is a nodule in the left lung.', 'No nodule is seen.', 'A nodule and an effusion.',
             'Nodules on both sides.', 'The heart is normal.', 'The right lung has a nodule.']


def test_sentences_that_name_one_thing_that_is_there():
    """Denied findings, several at once, and those that were not drawn are left out; a side means what lies on it."""
    findings = [Finding('nodule', ('left', )), Finding('nodule', ('right', ))]
    drawn = chest(*findings)
    found = {phrase.sentence: phrase for phrase in find_phrases(SENTENCES, findings, drawn)}
    assert list(found) == [SENTENCES[0], SENTENCES[3], SENTENCES[5]]
    assert len(found[SENTENCES[3]].boxes) == 2 and len(found[SENTENCES[0]].boxes) == 1
    assert not (found[SENTENCES[0]].mask & (drawn.x < 0)).any()
    assert find_phrases(SENTENCES[5:], findings[:1], chest(findings[0])) == []
    for phrase in found.values():  # the boxes hold the mask, and no more than they must
        covered = np.zeros_like(phrase.mask)
        for x, y, width, height in phrase.boxes:
            covered[y:y + height, x:x + width] = True
        assert not (phrase.mask & ~covered).any()


def test_set_is_of_held_out_reports(tmp_path):
    """Its sentences are of test and validation reports alone, its images are there, and the data set reads it."""
    reports = [OpenIReport(f'CXR{number}', f'There is a nodule in the left lung {number}.', 'The heart is normal.',
                           ('Nodule/left', ), ()) for number in range(60)]
    studies = write_demo(tmp_path, size=48, workers=1, reports=reports, masks=[MASK])
    held_out = {study.report.findings for study in studies if study.split == 'test'}
    dataset = PhraseGrounding('grounding/test.json', str(tmp_path), validation_file='grounding/validate.json',
                              pipeline=[dict(type='LoadRadiograph'), dict(type='LoadRegion', region='mask')])
    phrases = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert {phrase['sentences'][0] for phrase in phrases if phrase['split'] == 'test'} == held_out
    assert all(dataset[index]['region'].any() and dataset[index]['image'].shape == (48, 48)
               for index in range(len(dataset)))
    metainfo = json.loads((tmp_path / 'grounding/test.json').read_text())['metainfo']
    assert metainfo['synthetic'] is True and metainfo['summary']['findings'] == {'Lung Lesion': len(held_out)}
