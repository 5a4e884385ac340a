"""The metric of phrase grounding: means over findings, the threshold of the validation part, the bootstrap."""
import numpy as np
import pytest
import torch
from rich.console import Console

from prior_mm.evaluation import GroundingMetric, print_results
from prior_mm.evaluation.bootstrap import means_by_group, patient_weights
from prior_mm.evaluation.localisation import THRESHOLDS, localise
from prior_mm.evaluation.weighted_figures import PATIENT, weighted_figure


def sample(values, region, finding='nodule', patient='a', split='test', **more):
    """A prediction on an image of one pixel a patch."""
    return dict(maps=dict(cosine=torch.tensor(values)), region=np.array(region, dtype=bool), finding=finding,
                patient=patient, split=split, **more)


def evaluate(samples, **options):
    metric = GroundingMetric(sigma=0, **{'draws': 50, **options})
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


HIT = ([[3., 1, 0, 0]], [[1, 1, 0, 0]])
MISS = ([[0., 0, 1, 3]], [[1, 1, 0, 0]])


def test_means_are_over_findings():
    """Three phrases of one finding that hit and one of another that misses: one half, not three quarters."""
    found = evaluate([sample(*HIT), sample(*HIT), sample(*HIT), sample(*MISS, finding='edema')])
    assert (found['pointing'], found['pointing_chance'], found['cnr'], found['cnr_absolute']) == (.5, .5, 0, 2)
    assert found['per_class']['nodule']['pointing'] == 1 and found['per_class']['edema']['phrases'] == 1
    assert found['phrases'] == 4 and found['dice'] is None and found['threshold'] is None


def test_threshold_comes_from_the_validation_part():
    """It is the one with the highest Dice there; the validation part's phrases enter no figure."""
    shade = ([[2., 1.6, .8, 0]], [[1, 1, 1, 0]])  # above -0.2 lie all three
    found = evaluate([sample(*shade, split='validate'), sample(*MISS), sample(*HIT)])
    by_hand = localise(np.array(shade[0]), np.array(shade[1], dtype=bool)).dice
    cut = by_hand.argmax()
    assert found['threshold'] == THRESHOLDS[cut] and found['phrases'] == 2
    assert found['dice'] == pytest.approx(np.mean([localise(np.array(v), np.array(r, dtype=bool)).dice[cut]
                                                   for v, r in (MISS, HIT)]))


def test_bootstrap_as_the_slow_one():
    """Patients are drawn, not phrases; a finding's figure is the mean over its phrases that were drawn."""
    rng = np.random.default_rng(3)
    values, groups, patients = rng.normal(size=(30, 2)), rng.integers(0, 3, 30), rng.integers(0, 8, 30)
    groups[:3], patients[:8] = range(3), range(8)
    values[4, 1] = np.nan
    weights = patient_weights(patients, 20, seed=1)
    fast = means_by_group(values, groups, weights)
    for draw, weight in zip(fast, weights, strict=True):
        assert all(len({*weight[patients == patient]}) == 1 for patient in range(8))
        assert sum(weight[patients == patient][0] for patient in range(8)) == 8
        repeated = [item for item, count in enumerate(weight) for _ in range(count)]
        for group in range(3):
            for figure in range(2):
                chosen = [values[item, figure] for item in repeated
                          if groups[item] == group and not np.isnan(values[item, figure])]
                wanted = np.mean(chosen) if chosen else np.nan
                np.testing.assert_allclose(draw[group, figure], wanted)


def test_interval_holds_the_figure():
    """And a single patient gives no width."""
    found = evaluate([sample(*(HIT if number % 3 else MISS), patient=str(number)) for number in range(30)], draws=300)
    assert found['pointing_low'] < found['pointing'] < found['pointing_high']
    found = evaluate([sample(*HIT), sample(*MISS)])
    assert found['pointing_low'] == found['pointing'] == found['pointing_high']


def test_places_that_were_not_seen_are_counted():
    """A box in what was cropped away is left out, and said."""
    found = evaluate([sample(*HIT), dict(sample([[1.]], [[1, 0, 0, 0]]), area=(2, 0, 1, 1))])
    assert (found['phrases'], found['phrases_left_out']) == (1, 1)
    with pytest.raises(ValueError, match='none of the 1 phrases'):
        evaluate([sample(*HIT, split='validate')])


def test_map_that_the_model_has_not():
    """An ablation's figures are None, and it is said why; it is no error."""
    without = dict(sample(*HIT), maps=dict(cosine=None))
    found = evaluate([without, without])
    assert (found['phrases'], found['phrases_left_out'], found['pointing']) == (0, 2, None)
    assert 'no such map' in found['left_out']
    console = Console(record=True, width=100)
    print_results({f'grounding/{name}': value for name, value in found.items()}, {}, console)
    assert 'no such map' in console.export_text()


def test_missing_map_is_named():
    """A model that gives other maps than the metric asks for."""
    with pytest.raises(ValueError, match="gives the maps .'cosine'., not 'gradient'"):
        evaluate([sample(*HIT)], map='gradient')
    with pytest.raises(ValueError, match='enlarge'):
        GroundingMetric(enlarge='cubic')


def test_what_each_phrase_gave():
    """Its figures by its id; NaN for the validation part and for what was not seen; weighed they are the result."""
    samples = [sample(*HIT, study_id='a'), sample(*MISS, study_id='b', finding='edema', patient='b'),
               sample(*HIT, study_id='c', split='validate'), sample(*HIT, study_id='d', patient='b'),
               sample([[1., 2, 3, 4]], [[0, 0, 0, 0]], study_id='e')]
    metric = GroundingMetric(sigma=0, draws=50, prefix='grounding')
    metric.process(None, samples)
    found = metric.compute_metrics(metric.results)
    columns = {name: np.array(values) for name, values in metric.per_image.items()}
    assert columns['image'].tolist() == ['a', 'b', 'c', 'd', 'e']
    assert np.isnan(columns['grounding/cnr']).tolist() == [False, False, True, False, True]
    assert columns[PATIENT].tolist() == [0, 1, 0, 1, 0]
    for name in ('cnr', 'miou', 'pointing', 'dice'):
        assert weighted_figure(f'grounding/{name}', columns)(np.ones((1, 5)))[0] == pytest.approx(found[name])
