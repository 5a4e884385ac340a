"""The list of left-out studies at the end of a run: all of them, with the reason, on the first process only."""
import logging
from types import SimpleNamespace

import pytest
from tiny_run import tiny_config

from prior_mm.datasets import StudyDataset
from prior_mm.engine import SkippedStudiesHook

BROKEN = [1, 3, 4]


@pytest.fixture
def make_runner(tmp_path, caplog):
    """A runner as the hook sees it, over twelve studies of which the images of three are cut short."""
    caplog.set_level(logging.INFO)

    def make(rank=0, read=range(12), **options):
        config = tiny_config(tmp_path / 'data', tmp_path).test_dataloader.dataset
        dataset = StudyDataset(config.ann_file, config.data_root, config.pipeline, **options)
        for index in BROKEN:
            for image in dataset.get_data_info(index)['images']:
                (tmp_path / 'data' / image).write_bytes(b'\x89PNG\r\n\x1a\n')
        for index in read:
            dataset[index]
        loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
        return SimpleNamespace(train_loop=loop, val_loop=None, test_loop=loop, rank=rank, work_dir=str(tmp_path),
                               logger=logging.getLogger('test'))

    return make


@pytest.mark.parametrize(('method', 'loader'), [('after_train', 'train'), ('after_test', 'test')])
def test_list(make_runner, tmp_path, caplog, method, loader):
    """Log and file name each study once, with what is wrong with each of its images."""
    getattr(SkippedStudiesHook(), method)(make_runner(on_error='skip'))
    lines = [line.split('\t') for line in (tmp_path / 'skipped_studies.txt').read_text().splitlines()]
    assert [line[:2] for line in lines] == [[loader, f's{index}'] for index in BROKEN]
    assert lines[0][2].count('damaged or cut short') == 2 and 'test_1_1.png' in lines[0][2]
    assert f'{loader}: 3 of 12 studies were left out as broken' in caplog.text
    assert all(f'\n  s{index}: ' in caplog.text for index in BROKEN) and 'skipped_studies.txt' in caplog.text


def test_the_log_names_some(make_runner, tmp_path, caplog, monkeypatch):
    """Where very many are broken, the log names some, and the file all; the last ones are not read again."""
    monkeypatch.setattr('prior_mm.engine.hooks.skipped_studies_hook._NAMED', 2)
    monkeypatch.setattr('prior_mm.engine.hooks.skipped_studies_hook._LOOKED_AT', 1)
    SkippedStudiesHook().after_test(make_runner(on_error='skip'))
    assert '\n  s3: ' in caplog.text and '\n  s4: ' not in caplog.text and 'and 1 more' in caplog.text
    lines = (tmp_path / 'skipped_studies.txt').read_text().splitlines()
    assert len(lines) == 3 and lines[2] == 'test\ts4\tsee the warnings above'


@pytest.mark.parametrize(('options', 'said'), [
    (dict(read=[0], on_error='skip'), 'none of 12 studies was left out'), (dict(rank=1, on_error='skip'), ''),
    (dict(read=[]), '')])
def test_nothing_to_list(make_runner, tmp_path, caplog, options, said):
    """No file without a left-out study, on other processes, or where a broken study stops the run anyway."""
    runner = make_runner(**options)
    caplog.clear()
    SkippedStudiesHook().after_test(runner)
    assert said in caplog.text and bool(said) is bool(caplog.text)
    assert not (tmp_path / 'skipped_studies.txt').exists()


def test_studies_that_are_whole_again(make_runner):
    """A study that can be read by now has no fault, but was left out."""
    dataset = make_runner(on_error='skip').test_loop.dataloader.dataset
    good = dataset.image_root / dataset.get_data_info(0)['images'][0]
    for image in dataset.get_data_info(1)['images']:
        (dataset.image_root / image).write_bytes(good.read_bytes())
    assert dataset.gather_skipped() == BROKEN and dataset.faults(1) == [] and dataset.faults(3)
