"""Fingerprints: whatever decides a figure is told apart, and what does not is not."""
import copy
import json

import pytest

from prior_mm.files import fingerprint as module
from prior_mm.files.fingerprint import content_hash, differences, fingerprint, in_a_line


@pytest.fixture
def config(tmp_path):
    """A config of a run, and its files."""
    (tmp_path / 'annotations').mkdir()
    for name in ('annotations/train.json', 'annotations/test.json', 'weights.pth', 'vocab.txt'):
        (tmp_path / name).write_text(name)

    def loader(split):
        return dict(batch_size=4, num_workers=2, dataset=dict(
            type='StudyDataset', data_root=str(tmp_path), ann_file=f'annotations/{split}.json', pipeline=[
                dict(type='TokenizeReport', tokenizer=str(tmp_path / 'vocab.txt')), dict(type='PackStudy')]))

    return dict(model=dict(type='PRIOR', image_encoder=dict(pretrained=str(tmp_path / 'weights.pth'))),
                optim_wrapper=dict(optimizer=dict(lr=1e-4, betas=(0.9, 0.99))), work_dir='a', load_from=None,
                train_dataloader=loader('train'), test_dataloader=loader('test'))


def test_the_same(config):
    """Where a run goes, how many workers it has and which way it went through JSON do not matter."""
    first = fingerprint(config, training=True)
    other = copy.deepcopy(config)
    other.update(work_dir='b', resume=True, visualizer=dict(type='Visualizer'))
    other['train_dataloader']['num_workers'] = 0
    other['test_dataloader']['batch_size'] = 9  # of the test, not of the training
    other['optim_wrapper']['optimizer']['betas'] = [0.9, 0.99]
    assert differences(json.loads(json.dumps(first)), fingerprint(other, training=True)) == []
    assert differences(fingerprint(config, training=False), fingerprint(other, training=False)) == [
        'test_dataloader.batch_size is 4 there, 9 here']


@pytest.mark.parametrize(('change', 'said'), [
    (lambda c, root: c['optim_wrapper']['optimizer'].update(lr=1e-3),
     'optim_wrapper.optimizer.lr is 0.0001 there, 0.001 here'),
    (lambda c, root: c['train_dataloader'].update(drop_last=True),
     'train_dataloader.drop_last is not given there, true here'),
    (lambda c, root: c['train_dataloader']['dataset']['pipeline'].pop(),
     'train_dataloader.dataset.pipeline.1.type is PackStudy there, not given here'),
    (lambda c, root: (root / 'annotations/train.json').write_text('another'),
     'the content of train_dataloader.dataset.ann_file is '),
    (lambda c, root: (root / 'weights.pth').write_text('other'), 'the content of model.image_encoder.pretrained is '),
    (lambda c, root: (root / 'vocab.txt').unlink(), 'the content of train_dataloader.dataset.pipeline.0.tokenizer is '),
])
def test_differences(config, tmp_path, change, said):
    """Each setting and each file that a training depends on is named, with both sides."""
    before = fingerprint(config, training=True)
    change(config, tmp_path)
    found, = differences(before, fingerprint(config, training=True))
    assert found.startswith(said)


def test_code(config, monkeypatch):
    """Another version of the code, by its content, is another figure."""
    before = fingerprint(config, training=True)
    monkeypatch.setattr(module, 'code_hash', lambda: 'f' * 64)
    found, = differences(before, fingerprint(config, training=True))
    assert found.startswith('the code is ') and found.endswith('(ffffffff) here')


@pytest.mark.parametrize('there', [None, {}, [], 'text', dict(schema='another/1')])
def test_without_a_fingerprint(config, there):
    """What does not say is not trusted."""
    found, = differences(there, fingerprint(config, training=True))
    assert 'has no fingerprint' in found


def test_folders_and_long_lists(tmp_path):
    """A folder is its files and their names; a line names some differences and counts the rest."""
    (tmp_path / 'a').write_text('1')
    before = content_hash(tmp_path)
    (tmp_path / 'a').rename(tmp_path / 'b')
    assert content_hash(tmp_path) != before
    assert in_a_line([f'{number}' for number in range(9)]) == '0; 1; 2; 3; and 5 more'
