"""Figures of drafts: perfect ones for the truth, by hand for small cases, and for the baselines of a run."""
import pytest

from prior_mm.inference.draft_figures import evaluate_drafts, figures_of

REPORTS = [['The heart is enlarged.', 'No pleural effusion.'], ['Lungs are clear today.', 'Small left pneumothorax.']]


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
