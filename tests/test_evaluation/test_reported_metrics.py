"""What users of other projects reported of metrics, tried here (docs/nothing_silent.md)."""
import json

import numpy as np
import pytest
import torch
from nothing_silent_page import says

from prior_mm.datasets import VisitSampler
from prior_mm.datasets import sampler as sampler_module
from prior_mm.evaluation import RetrievalMetric, ZeroShotMetric, summarise, write_results

SECTION = 'Public reports: metrics'
CLASSES = ['a', 'b', 'c']


def zero_shot(scores, labels, batch=2, classes=CLASSES) -> dict:
    """Figures of scores, in batches, without their prefix."""
    metric = ZeroShotMetric()
    samples = [dict(scores=torch.tensor(score), label_index=label, classes=classes)
               for score, label in zip(scores, labels, strict=True)]
    for start in range(0, len(samples), batch):
        metric.process(None, samples[start:start + batch])
    return {name.removeprefix('zero_shot/'): value for name, value in metric.evaluate(len(samples)).items()}


SCORES = [[.7, .2, .1], [.6, .3, .1], [.2, .7, .1], [.5, .4, .1], [.1, .8, .1]]


def test_a_class_that_does_not_occur():
    """Its AUROC is not defined: None, and not among the average, instead of 0, of NaN or of an error."""
    figures = zero_shot(SCORES, [0, 0, 1, 1, 1])
    assert figures['per_class']['c']['auroc'] is None
    assert figures['auroc'] == np.mean([figures['per_class'][name]['auroc'] for name in 'ab'])
    says(SECTION, 'AUROC', 'a class without a positive: AUROC of 0, NaN in the average, or an error',
         'it has no value (None, -); the average is over the classes that occur')


def test_one_class_alone():
    """Neither AUROC nor kappa has a value; accuracy has."""
    figures = zero_shot([[.9, .1, 0.], [.8, .1, .1]], [0, 0])
    assert figures['auroc'] is None and figures['kappa'] is None and figures['accuracy'] == 1
    says(SECTION, "Cohen's kappa", 'all studies of one class, all found: NaN', 'no value (None, -), not NaN')


@pytest.mark.parametrize('batch', [1, 2, 5])
def test_batches(batch):
    """Figures are of all studies, not the mean of batches, in which a class may not occur."""
    whole = zero_shot(SCORES, [0, 0, 1, 1, 1], batch=5)
    assert zero_shot(SCORES, [0, 0, 1, 1, 1], batch) == whole
    says(SECTION, 'batches', 'AUROC averaged over batches, of which one has a single class',
         'computed once over all studies: the same for every batch size')


def test_copies_on_many_processes(monkeypatch):
    """What fills up the last turn is dropped: MMEngine cuts what it collects to the length of the data set."""
    visits = []
    for rank in range(3):
        monkeypatch.setattr(sampler_module, 'get_dist_info', lambda rank=rank: (rank, 3))
        visits.append([visit.index for visit in VisitSampler(range(10), shuffle=False, seed=0)])
    collected = [index for turn in zip(*visits, strict=True) for index in turn]
    assert len(collected) == 12 and collected[:10] == list(range(10))
    says(SECTION, 'many processes', 'the studies that fill up the last batch of a sampler are counted twice',
         'each study counts once: the repeated ones are the last collected, and are dropped')


def test_equal_scores():
    """A model that says the same of all gets chance, in classification and in retrieval."""
    assert zero_shot([[.5, .3, .2]] * 4, [0, 1, 1, 2])['auroc'] == .5
    metric = RetrievalMetric(instance_cutoffs=(1, ), class_cutoffs=(1, ))
    same = torch.nn.functional.normalize(torch.ones(4), dim=0)
    metric.process(None, [dict(image_embedding=same, report_embedding=same, label_index=-1, sentences=[str(number)])
                          for number in range(4)])
    assert metric.evaluate(4)['retrieval/image_to_text/recall@1'] == pytest.approx(.25)
    says(SECTION, 'retrieval', 'a collapsed model, all embeddings equal, has a recall of 1, for ties count as found',
         'ties count in expectation: its recall is that of chance')


def test_reports_that_say_the_same():
    """The other study's report is as right as one's own."""
    metric = RetrievalMetric(instance_cutoffs=(1, ), class_cutoffs=(1, ))
    images = torch.nn.functional.normalize(torch.tensor([[1., 0.], [0., 1.]]), dim=1)
    metric.process(None, [dict(image_embedding=image, report_embedding=image.flip(0), label_index=-1,
                               sentences=['no change']) for image in images])
    figures = metric.evaluate(2)
    assert figures['retrieval/image_to_text/recall@1'] == 1 and figures['retrieval/studies_with_a_shared_report'] == 2
    assert figures['retrieval/image_to_text/recall@1_chance'] == 1
    says(SECTION, 'captions', "several images share a caption, and finding another one's counts as an error",
         'the same text counts as found; how many share one stands beside, and chance knows it')


def test_scores_that_are_no_numbers():
    """A diverged model has no figures, rather than those of the first class."""
    with pytest.raises(ValueError, match='scores with NaN or infinity'):
        zero_shot([[float('nan')] * 3, [.1, .2, .7]], [0, 2])
    says(SECTION, 'NaN', 'scores of NaN: argmax takes the first class, and the accuracy is its share',
         'stops: scores with NaN or infinity: the model diverged, or its checkpoint is not whole')


def test_another_order_of_classes():
    """The order of the prompts must be that of the labels."""
    metric = ZeroShotMetric()
    metric.dataset_meta = dict(classes=['b', 'a', 'c'])
    with pytest.raises(ValueError, match='name the same classes in the same order'):
        metric.process(None, [dict(scores=torch.zeros(3), label_index=0, classes=CLASSES)])
    says(SECTION, 'labels', 'classes in another order in the data set (sorted) than in the model',
         'stops, and names both orders')


def test_a_class_that_is_never_named():
    """Its precision counts 0, though 0 of 0 are right; it is not left out of the average, which would rise."""
    figures = zero_shot([[.9, .1, 0.]] * 4, [0, 0, 1, 1])
    assert figures['per_class']['b']['precision'] == 0 and figures['precision'] == .25 and figures['f1'] == 1 / 3
    says(SECTION, 'macro averages', 'a class that is never predicted is left out of the mean precision, which rises',
         'it counts 0')


def test_files_and_averages(tmp_path):
    """What has no value is null in JSON, which NaN is not, and the mean over runs is of the others, counted."""
    write_results(tmp_path / 'a.json', dict(x=float('nan'), y=np.float32(.5)), {})
    metrics = json.loads((tmp_path / 'a.json').read_text(), parse_constant=pytest.fail)['metrics']
    assert metrics == dict(x=None, y=.5)
    summary = summarise([dict(metrics=dict(x=.5)), dict(metrics=dict(x=None)), dict(metrics=dict(x=.7))])
    assert summary['x']['mean'] == pytest.approx(.6) and summary['x']['runs'] == 2
    says(SECTION, 'tables', 'NaN in a JSON file, and in the mean of several runs that it spoils',
         'null in the file; the mean is of the other runs, and says of how many')
