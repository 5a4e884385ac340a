"""The table and the file of results."""
import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from rich.console import Console

from prior_mm.evaluation import RetrievalMetric, ZeroShotMetric, print_results, provenance, write_results
from prior_mm.files.file_hash import sha256


@pytest.fixture
def metrics() -> dict:
    """The figures of twelve random studies."""
    generator = torch.Generator().manual_seed(0)
    retrieval, zero_shot = RetrievalMetric(), ZeroShotMetric(protocol='single-finding/1')
    for metric in (retrieval, zero_shot):
        metric.process(None, [dict(
            image_embedding=torch.randn(4, generator=generator), report_embedding=torch.randn(4, generator=generator),
            scores=torch.rand(3, generator=generator), label_index=i % 2, classes=['Edema', 'Nodule', 'Absent'])
            for i in range(12)])
    return {**retrieval.evaluate(12), **zero_shot.evaluate(12)}


def source(synthetic: bool | None) -> dict:
    return dict(config='evaluate.py', checkpoint='last.pth', seed=3,
                data=dict(dataset='demo', split='test', studies=12, **({} if synthetic is None else dict(
                    synthetic=synthetic))))


def test_file_is_plain_and_whole(metrics, tmp_path):
    """Strict JSON with where the figures come from; what has no value is null; no half-written file stays."""
    path = tmp_path / 'made' / 'results.json'
    metrics = {**metrics, 'extra/nan': float('nan'), 'extra/numpy': np.float32(.5), 'extra/tensor': torch.ones(2)}
    write_results(path, metrics, source(True))
    record = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert record['schema'] == 'prior_mm.results/1'
    assert record['synthetic'] is True
    assert record['checkpoint'] == 'last.pth'
    assert record['seed'] == 3
    assert record['metrics']['zero_shot/protocol'] == 'single-finding/1'
    assert record['metrics']['zero_shot/per_class']['Absent']['auroc'] is None
    assert record['metrics']['extra/nan'] is None
    assert record['metrics']['extra/numpy'] == .5
    assert record['metrics']['extra/tensor'] == [1, 1]
    assert [file.name for file in path.parent.iterdir()] == ['results.json']


@pytest.mark.parametrize(('synthetic', 'said'), [
    (True, 'SYNTHETIC'), (False, 'real images'), (None, 'does not say')])
def test_table(metrics, synthetic, said):
    """Each figure stands beside its chance level, and synthetic data is called so."""
    console = Console(record=True, width=110, file=open('/dev/null', 'w'))  # noqa: SIM115
    print_results(metrics, source(synthetic), console)
    text = console.export_text()
    row = next(line for line in text.splitlines() if 'image to text: precision@5' in line)
    seen, chance = metrics['retrieval/image_to_text/precision@5'], metrics['retrieval/image_to_text/precision@5_chance']
    assert f'{100 * seen:.1f} %' in row
    assert f'{100 * chance:.1f} %' in row
    assert f'{seen / chance:.2f}' in row
    assert 'single-finding/1' in text
    assert said in text.replace('\n', ' ')
    assert 'seed 3' in text.replace('\n', ' ')


def test_provenance_of_a_runner():
    """The data set's summary and flag, the checkpoint and the seed are taken from the runner."""
    dataset = type('Studies', (list, ), dict(metainfo=dict(dataset='demo', synthetic=True, other=object())))([1, 2])
    runner = SimpleNamespace(test_dataloader=SimpleNamespace(dataset=dataset), cfg=Config({}, filename=None),
                             seed=7, _load_from=None)
    assert provenance(runner) == dict(config=None, checkpoint=None, checkpoint_sha256=None, seed=7,
                                      data=dict(dataset='demo', synthetic=True, studies=2), annotations_sha256={})


SUPERVISED = dict(task='classification', protocol='prior/1', repeat='seed3', labels=10, frozen=True, pretrained='p.pth',
                  from_scratch=False)
FIGURES = {'classification/auroc': .912, 'classification/auroc_low': .9, 'classification/auroc_high': .92,
           'classification/auroc_chance': .5, 'classification/images': 9,
           'classification/per_class': {name: dict(images=9, auroc=.8, auroc_low=.7, auroc_high=.9) for name in 'ab'}}


@pytest.mark.parametrize('scratch', [False, True])
def test_table_to_paste(scratch):
    """Protocol, labels, weights and figures with their intervals stand in one Markdown row, SYNTHETIC where it is."""
    console = Console(record=True, width=110, file=open('/dev/null', 'w'))  # noqa: SIM115
    changes = dict(pretrained=None, from_scratch=True, frozen=False) if scratch else {}
    print_results(FIGURES, {**source(True), **SUPERVISED, **changes}, console)
    text = console.export_text()
    header, _, row = [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines()
                      if line.startswith('| ')]
    assert dict(zip(header, row, strict=True)) == dict(
        config='evaluate', protocol='prior/1 seed3', labels='10 %', AUROC='91.2 (90.0 to 92.0)', data='SYNTHETIC',
        encoder='from scratch, fine-tuned' if scratch else 'p.pth, frozen')
    assert '80.0 % (70.0 to 90.0)' in text and '90.0 to 92.0 %' in text
    assert ('encoder from random weights' if scratch else 'encoder from p.pth, frozen') in text


def test_provenance_of_a_supervised_run(tmp_path):
    """The checkpoint says how it was trained, not the config that it is tested with; files come with their hashes."""
    (tmp_path / 'test.json').write_text('{}')
    (tmp_path / 'a.pth').write_bytes(b'weights')
    config = Config(dict(downstream=dict(SUPERVISED, data_root=str(tmp_path), labels=100), test_dataloader=dict(
        dataset=dict(ann_file='test.json', data_root=str(tmp_path)))))
    runner = SimpleNamespace(
        test_dataloader=SimpleNamespace(dataset=[1]), cfg=config, seed=7, _load_from=str(tmp_path / 'a.pth'),
        loaded_meta=dict(seed=4, iter=20, config=dict(downstream=dict(labels=10, pretrained='q.pth',
                                                                      pretrained_sha256='12'))))
    said = provenance(runner)
    assert (said['labels'], said['pretrained'], said['pretrained_sha256'], said['seed'], said['iterations']) == (
        10, 'q.pth', '12', 4, 20)
    assert said['annotations_sha256'] == {'test.json': sha256(tmp_path / 'test.json')}
    assert said['checkpoint_sha256'] == hashlib.sha256(b'weights').hexdigest()
    assert said['frozen'] is True and said['from_scratch'] is False and said['task'] == 'classification'
