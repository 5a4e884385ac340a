"""One row a task: the right figure, beside the right chance level."""
import io

import pytest
from rich.console import Console

from prior_mm.evaluation import main_figures, print_overview, remarks


def record(metrics, **data):
    return dict(config='configs/downstream/rsna_seg.py', metrics=metrics, data=dict(dataset='rsna', **data))


def test_rows():
    """Two tasks in one record are two rows; detection finds nothing by chance; a figure without a value stays one."""
    rows = main_figures([
        record({'zero_shot/accuracy': .6, 'zero_shot/accuracy_chance': .2, 'retrieval/image_to_text/precision@5': .5,
                'retrieval/image_to_text/precision@5_chance': .25}),
        record({'detection/mAP@0.40-0.75': .4, 'detection/AP@0.40': .7}, synthetic=True),
        record({'classification/auroc': None, 'classification/auroc_chance': .5}),
    ])
    assert [(row['task'], row['value'], row['chance']) for row in rows] == [
        ('zero-shot', .6, .2), ('retrieval', .5, .25), ('detection', .4, 0.), ('classification', None, .5)]
    assert rows[2]['data'] == 'rsna, SYNTHETIC' and rows[2]['config'] == 'rsna_seg'
    shared, = main_figures([record({'segmentation/dice': .4}, overlap={'train and val': 2})])
    assert shared['data'] == 'rsna, LISTS OVERLAP: 2 images in train and val'


def test_table_and_error():
    """Figures are in per cent, with the name of their chance level; results of no task are an error."""
    screen = io.StringIO()
    print_overview([record({'segmentation/dice': .885, 'segmentation/dice_chance': .65})],
                   Console(file=screen, width=140))
    assert '88.5 %' in screen.getvalue() and '65.0 % (predicting nothing)' in screen.getvalue()
    with pytest.raises(ValueError, match='none of the figures'):
        main_figures([record({'loss': 1.})])


def test_remarks():
    """Results of an earlier version, and of different code, are named below the table."""
    def record(code):
        return dict(fingerprint=dict(test=dict(code=dict(sha256=code * 64))))

    assert remarks({'a.json': record('a'), 'b.json': record('a')}) == []
    old, mixed = remarks({'a.json': record('a'), 'old.json': {}, 'b.json': record('b')})
    assert old.startswith('old.json: without a fingerprint') and 'test it again' in old
    assert mixed == 'These are of different code: aaaaaaaa: a.json; bbbbbbbb: b.json'
