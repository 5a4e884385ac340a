"""Mean and standard deviation of several runs: of the right figures, and never of runs that do not belong together."""
import io

import pytest
from rich.console import Console

from prior_mm.evaluation import print_summary, summarise


def record(auroc, seed=0, **changes):
    return {**dict(config='rsna_cls.py', protocol='prior/1', repeat=f'seed{seed}', labels=100, frozen=False,
                   from_scratch=False, seed=seed), **changes,
            'metrics': {'classification/auroc': auroc, 'classification/protocol': 'prior/1',
                        'classification/per_class': dict(pneumonia=dict(auroc=auroc)), 'classification/images': 12}}


def test_mean_and_deviation():
    """By hand: 0.7, 0.8, 0.9 have the mean 0.8 and, with n - 1, the deviation 0.1; texts and tables are left out."""
    summary = summarise([record(0.7), record(0.8, 1), record(0.9, 2)])
    assert summary.keys() == {'classification/auroc', 'classification/images'}
    figure = summary['classification/auroc']
    assert figure['mean'] == pytest.approx(0.8) and figure['std'] == pytest.approx(0.1)
    assert figure['runs'] == 3 and figure['values'] == [0.7, 0.8, 0.9]


def test_one_run_and_missing_figures():
    """One run has no deviation; a figure without a value in one run is averaged over the others, and counted."""
    assert summarise([record(0.7)])['classification/auroc']['std'] is None
    figure = summarise([record(0.7), record(None, 1), record(0.9, 2)])['classification/auroc']
    assert figure['mean'] == pytest.approx(0.8) and figure['runs'] == 2
    assert 'classification/auroc' not in summarise([record(None)])


@pytest.mark.parametrize(('key', 'value'), [('protocol', 'mgca/1'), ('labels', 10), ('frozen', True),
                                            ('from_scratch', True), ('config', 'siim_cls.py')])
def test_runs_of_different_evaluations(key, value):
    """Their mean would mean nothing; the message says in what they differ."""
    with pytest.raises(ValueError, match=f'differ in {key}'):
        summarise([record(0.7), record(0.8, 1, **{key: value})])
    with pytest.raises(ValueError, match='no results'):
        summarise([])


def test_table():
    """Mean, deviation and each run are on the screen, in per cent."""
    records = [record(0.7), record(0.9, 1)]
    screen = io.StringIO()
    print_summary(summarise(records), records, Console(file=screen, width=160))
    text = screen.getvalue()
    assert '80.0 % ± 14.1 %' in text and '70.0 %' in text and '90.0 %' in text and 'prior/1' in text
    assert 'OVERLAP' not in text


def test_lists_that_overlap_are_told():
    """Once below the table, however many runs share them."""
    records = [record(0.7, data=dict(overlap={'train and test': 5})), record(0.9, 1, data=dict(overlap={
        'train and test': 5}))]
    screen = io.StringIO()
    print_summary(summarise(records), records, Console(file=screen, width=160))
    assert screen.getvalue().count('LISTS OVERLAP: 5 images in train and test') == 1
