"""Splits: by a table that must not contradict itself, or drawn by the words of a report."""
from collections import Counter

import pytest
from made_up_mimic import write_table

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.splits import SHARES, drawn_split, ordered_splits, read_splits


def test_same_words_same_split():
    """Reports that say the same stay together, whatever their case and line ends: no test report was trained on."""
    for number in range(40):
        text = f'Heart {number} is normal. Lungs clear.'
        assert drawn_split(text, 0) == drawn_split(f'  HEART {number} is\nnormal.   lungs clear.', 0)


def test_shares_and_seed():
    """Each split gets about its share of the reports, and another seed draws other ones."""
    drawn = [drawn_split(f'report {number}', 0) for number in range(4000)]
    counts = Counter(drawn)
    assert counts.keys() == SHARES.keys()
    for name, share in SHARES.items():
        assert abs(counts[name] / 4000 - share) < 0.03
    assert 0.3 < sum(drawn_split(f'report {number}', 1) != name for number, name in enumerate(drawn)) / 4000 < 0.6


def test_order():
    """Train comes first, names of one's own last."""
    assert ordered_splits(['zoo', 'test', 'fold-1', 'train', 'test']) == ['train', 'test', 'fold-1', 'zoo']


def test_table(tmp_path):
    """A line for each image or for each study gives the same; ids are made by the converter."""
    write_table(tmp_path / 'split.csv', [('split', 'study_id'), ('train', '1'), ('train', '1'), ('test', '2')])
    assert read_splits(tmp_path / 'split.csv', lambda line, text: f's{text}') == {'s1': 'train', 's2': 'test'}


@pytest.mark.parametrize('row, message', [
    (('test', '1'), 's1 is in test here and in train above'), (('', '2'), 'cannot be the name of a file'),
    (('../test', '2'), 'cannot be the name of a file'), (('a/b', '2'), 'cannot be the name of a file'),
    (('.parts', '2'), 'cannot be the name of a file')])
def test_faults(tmp_path, row, message):
    """A study in two splits would be trained on and tested on; names become files, so they may not lead elsewhere."""
    write_table(tmp_path / 'split.csv', [('split', 'study_id'), ('train', '1'), row])
    with pytest.raises(TableError, match=f'line 3: .*{message}'):
        read_splits(tmp_path / 'split.csv', lambda line, text: f's{text}')
