"""Figures of drafts: perfect ones for the truth, by hand for small cases, as libraries have them, of drawn studies."""
import numpy as np
import pytest
from sklearn.metrics import f1_score
from torchmetrics.functional.text import bleu_score
from torchmetrics.functional.text.rouge import rouge_score

from prior_mm.inference.draft_figures import (
    _words,
    count,
    evaluate_drafts,
    figures_of,
    figures_of_systems,
    weighted_figures,
)

REPORTS = [['The heart is enlarged.', 'No pleural effusion.'], ['Lungs are clear today.', 'Small left pneumothorax.']]
MORE = [*REPORTS, ['The heart is normal in size.', 'There is a small left pleural effusion.'],
        ['Stable cardiomegaly.', 'There is a small right pleural effusion.', 'No pneumothorax.']]


def test_the_truth_and_its_contrary():
    """The reports themselves are perfect, those of other studies find nothing."""
    assert figures_of(REPORTS, REPORTS) == pytest.approx(dict(bleu4=1, rouge_l=1, f1_micro=1, f1_macro=1))
    wrong = figures_of(REPORTS[::-1], REPORTS)
    assert wrong['f1_micro'] == wrong['f1_macro'] == 0 and wrong['bleu4'] < .1


def test_by_hand():
    """Half a report: every word is right, four of seven are there; one of two findings is named."""
    made = figures_of([REPORTS[0][:1], []], REPORTS)
    # The longest common subsequence of the first is its 4 words: precision 1, recall 4/7; the second has none.
    assert made['rouge_l'] == pytest.approx((2 * (4 / 7) / (1 + 4 / 7)) / 2)
    assert made['f1_micro'] == pytest.approx(2 / 3)
    assert made['f1_macro'] == pytest.approx(1 / 2)
    # Case and punctuation do not count.
    assert figures_of([['the HEART is enlarged'], []], REPORTS) == pytest.approx(made)


def test_against_the_libraries():
    """Counted study by study, the figures are those that torchmetrics and scikit-learn give of all together."""
    made = [MORE[2], MORE[3], MORE[2], MORE[0]]
    found, counted = figures_of(made, MORE), count(made, MORE)
    texts, true = ([_words(one) for one in side] for side in (made, MORE))
    assert 0 < found['bleu4'] == pytest.approx(float(bleu_score(texts, [[text] for text in true])), abs=1e-6)
    assert found['rouge_l'] == pytest.approx(float(rouge_score(texts, true, rouge_keys='rougeL')['rougeL_fmeasure']),
                                             abs=1e-6)
    present = counted.is_so.any(axis=0)
    assert 0 < found['f1_micro'] == pytest.approx(f1_score(counted.is_so, counted.said, average='micro'))
    assert 0 < found['f1_macro'] == pytest.approx(f1_score(
        counted.is_so[:, present], counted.said[:, present], average='macro', zero_division=0))


def test_drawn_studies():
    """A study that is drawn twice counts as if it stood there twice; the intervals are of such draws, seeded."""
    made = [MORE[2], MORE[3], MORE[2], MORE[0]]
    weights = np.array([[1, 1, 1, 1], [2, 0, 1, 1], [0, 0, 3, 1]])
    found = weighted_figures(count(made, MORE), weights)
    for number, row in enumerate(weights):
        places = np.repeat(np.arange(4), row)
        expected = figures_of([made[place] for place in places], [MORE[place] for place in places])
        assert {name: values[number] for name, values in found.items()} == pytest.approx(expected)
    systems = dict(draft=made, random=MORE[::-1])
    seen = figures_of_systems(systems, MORE, ['a', 'a', 'b', 'c'])
    assert seen == figures_of_systems(systems, MORE, ['a', 'a', 'b', 'c'])
    assert seen['draft/bleu4_low'] <= seen['draft/bleu4'] <= seen['draft/bleu4_high']
    assert seen['draft/studies'] == 4 and seen['random/sentences'] == pytest.approx(9 / 4)
    alone = figures_of_systems(systems, MORE, ['a'] * 4)  # one patient is always drawn
    assert alone['draft/f1_micro_low'] == alone['draft/f1_micro'] == alone['draft/f1_micro_high']


@pytest.mark.slow
def test_baselines_of_a_run(model, home):
    """All four systems are measured on the same studies; on the archive's own the nearest image has the report."""
    metrics, failed = evaluate_drafts(model, model.archive, home / 'data/annotations/train.json')
    assert not failed
    systems = {name.split('/')[0] for name in metrics}
    assert systems == {'draft', 'nearest_image', 'most_frequent', 'random'}
    assert {metrics[f'{system}/studies'] for system in systems} == {12}
    assert metrics['nearest_image/bleu4'] == pytest.approx(1) and metrics['nearest_image/rouge_l'] == pytest.approx(1)
    assert metrics['random/bleu4'] < 1
    again, _ = evaluate_drafts(model, model.archive, home / 'data/annotations/train.json')
    assert again == metrics
