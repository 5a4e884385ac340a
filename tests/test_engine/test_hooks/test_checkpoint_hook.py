"""Checkpoints of a run: one is whole at any moment, the notes name it, and a damaged one is passed over."""
import resource
from pathlib import Path

import mmengine.hooks
import pytest
from nothing_silent_page import says
from tiny_run import tiny_config

import prior_mm.engine.data_runner
import prior_mm.files.whole_files
from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint, note_checkpoint
from prior_mm.engine.hooks import CheckpointHook
from prior_mm.engine.launch import build_runner, find_checkpoint
from prior_mm.files.whole_files import damage

BEST = dict(save_best='retrieval/image_to_text/median_rank', rule='less')


def config_for(folder: Path, name: str, **options):
    """One stage of 2 epochs of 3 steps; a checkpoint after every second step."""
    hook = dict(by_epoch=False, interval=2, max_keep_ckpts=2) | options
    config = tiny_config(folder / 'data', folder / name, experiment_name=str(folder / name),
                         **{'default_hooks.checkpoint': hook})
    config.train_cfg.stages = config.train_cfg.stages[:1]
    return config


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A folder with a run whose checkpoints were 2, 4 and 6, of which it kept 4 and 6."""
    folder = tmp_path_factory.mktemp('checkpoints')
    build_runner(config_for(folder, 'run')).train()
    return folder


def flip_a_bit(path: Path) -> None:
    """Damage that neither the length of a file nor PyTorch's reader shows."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def test_notes(run):
    """They name the checkpoints that are there, oldest first."""
    folder = run / 'run'
    noted = (folder / 'checkpoints.txt').read_text().split('\n')
    assert noted == [str(folder / 'iter_4.pth'), str(folder / 'iter_6.pth')]
    assert (folder / 'last_checkpoint').read_text() == noted[-1]
    assert {path.name for path in folder.glob('iter_*')} == {'iter_4.pth', 'iter_6.pth'}


@pytest.mark.parametrize('spoil', [flip_a_bit, cut, lambda path: path.write_bytes(b''), lambda path: path.unlink()],
                         ids=['bit', 'cut', 'empty', 'missing'])
def test_damaged_one_is_passed_over(run, tmp_path, spoil, monkeypatch):
    """The one before it is taken, with a warning that names both; if all are damaged, that is an error."""
    warnings = []
    monkeypatch.setattr(prior_mm.files.whole_files, 'print_log', lambda text, logger, level: warnings.append(text))
    for name in ('iter_4.pth', 'iter_6.pth'):
        (tmp_path / name).write_bytes((run / 'run' / name).read_bytes())
        note_checkpoint(tmp_path, str(tmp_path / name))
    spoil(tmp_path / 'iter_6.pth')
    assert find_checkpoint(str(tmp_path), 'c.py') == str(latest_checkpoint(tmp_path)) == str(tmp_path / 'iter_4.pth')
    if (tmp_path / 'iter_6.pth').exists():
        assert 'iter_6.pth (' in warnings[0] and f'Taken instead: {tmp_path}/iter_4.pth' in warnings[0]
        with pytest.raises(ValueError, match=r'iter_6\.pth'):
            load_checkpoint(tmp_path / 'iter_6.pth')
        cut(tmp_path / 'iter_4.pth')
        with pytest.raises(ValueError, match=r'all checkpoints are damaged.*iter_6.*iter_4'):
            latest_checkpoint(tmp_path)


@pytest.mark.slow
def test_resume_passes_over_a_damaged_one(run):
    """A run goes on from the checkpoint before the damaged one, removes leftovers, and writes it anew."""
    config = config_for(run, 'again', max_keep_ckpts=2)
    build_runner(config).train()
    good = load_checkpoint(run / 'again' / 'iter_6.pth')
    flip_a_bit(run / 'again' / 'iter_6.pth')
    (run / 'again' / 'iter_9.pth.part').write_bytes(b'half')
    config = config_for(run, 'again', max_keep_ckpts=2)
    config.resume = True
    config.experiment_name = 'resumed again'
    build_runner(config).train()
    log = ''.join(path.read_text() for path in (run / 'again').glob('*/*.log'))
    assert 'iter_6.pth (' in log and f'resumed from {run}/again/iter_4.pth' in log
    assert not list((run / 'again').glob('*.part'))
    assert damage(run / 'again' / 'iter_6.pth') is None
    weights = load_checkpoint(run / 'again' / 'iter_6.pth')['state_dict']
    assert all(value.equal(weights[name]) for name, value in good['state_dict'].items())


@pytest.mark.slow
def test_earlier_run_is_not_resumed(run, tmp_path):
    """Crashed before its first checkpoint, a run begins anew: it does not end at once with the weights of another."""
    (tmp_path / 'run').mkdir()
    for name in ('iter_4.pth', 'iter_6.pth', 'checkpoints.txt', 'last_checkpoint'):
        (tmp_path / 'run' / name).write_bytes((run / 'run' / name).read_bytes())
    runner = build_runner(config_for(tmp_path, 'run'))
    runner.train_loop.run_iter = None  # it crashes in its first step
    with pytest.raises(TypeError):
        runner.train()
    assert latest_checkpoint(tmp_path / 'run') is None and (tmp_path / 'run' / 'iter_6.pth').is_file()


@pytest.mark.slow
def test_one_stands_at_any_moment(tmp_path, monkeypatch):
    """Nothing is removed before its successor is written, not even where one alone is kept, nor of the best ones."""
    save, seen = prior_mm.engine.data_runner.save_checkpoint, []

    def watched(checkpoint, path):
        seen.append((Path(path).name, {file.name for file in (tmp_path / 'run').glob('*.pth')}))
        save(checkpoint, path)

    monkeypatch.setattr(prior_mm.engine.data_runner, 'save_checkpoint', watched)
    build_runner(config_for(tmp_path, 'run', max_keep_ckpts=1, **BEST)).train()
    for kind in ('iter_', 'best_'):
        written = [there for name, there in seen if name.startswith(kind)]
        assert len(written) > 1 or kind == 'best_'
        assert all(any(name.startswith(kind) for name in there) for there in written[1:])
    assert len(list((tmp_path / 'run').glob('iter_*.pth'))) == len(list((tmp_path / 'run').glob('best_*.pth'))) == 1


@pytest.mark.slow
@pytest.mark.parametrize('by_epoch', [True, False])
def test_step_of_a_checkpoint_that_is_written_again(tmp_path, by_epoch):
    """After a validation with a new best one, the last one is written again, and still says the step that it holds."""
    build_runner(config_for(tmp_path, 'run', by_epoch=by_epoch, interval=1 if by_epoch else 3, max_keep_ckpts=9,
                            filename_tmpl='c_{}.pth', **BEST)).train()
    found = [(meta['epoch'], meta['iter']) for path in sorted((tmp_path / 'run').glob('c_*.pth'))
             for meta in [load_checkpoint(path)['meta']]]
    assert found[0] == (1, 3) and found[1] in ((2, 6), (1, 6))


@pytest.mark.slow
def test_full_disk(tmp_path):
    """A write that the system refuses ends the run, with a message that names the checkpoint before it, a whole one."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    runner = build_runner(config_for(tmp_path, 'run'))
    save = runner.save_checkpoint

    def save_on_full_disk(out_dir, filename, *args, **options):
        if filename == 'iter_4.pth':
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limit[1]))
        save(out_dir, filename, *args, **options)

    runner.save_checkpoint = save_on_full_disk
    try:
        with pytest.raises(OSError, match=r'iter_4\.pth could not be written: File too large; \d+ MB .*iter_2\.pth, is '
                                          r'whole\. Make room, then go on with --resume'):
            runner.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert {path.name for path in (tmp_path / 'run').glob('*.pth*')} == {'iter_2.pth'}
    assert latest_checkpoint(tmp_path / 'run') == tmp_path / 'run' / 'iter_2.pth'


@pytest.mark.slow
def test_interval_within_accumulated_gradients(tmp_path):
    """Checkpoints hold no gradients: one that is due between two updates is written at the next one."""
    config = config_for(tmp_path, 'run', interval=1, max_keep_ckpts=-1)
    config.optim_wrapper.accumulative_counts = 2  # updates after steps 2 and 3 of each epoch
    build_runner(config).train()
    assert {path.name for path in (tmp_path / 'run').glob('iter_*.pth')} == {
        'iter_2.pth', 'iter_3.pth', 'iter_5.pth', 'iter_6.pth'}


class Stub:
    """What the choice of a best checkpoint asks of a runner."""


@pytest.mark.parametrize(('metrics', 'name'), [
    (dict(protocol='demo/1', images=4, auroc=.5), 'auroc'), (dict(protocol='x', table={}, dice=.1, mDice=.2), 'dice')])
def test_auto_takes_the_first_figure(monkeypatch, metrics, name):
    """``save_best='auto'`` passes over texts, tables and counts, which stand among the metrics, too."""
    seen = {}
    monkeypatch.setattr(mmengine.hooks.CheckpointHook, '_save_best_checkpoint',
                        lambda self, runner, metrics: seen.update(first=next(iter(metrics))))
    hook = CheckpointHook(save_best='auto')
    hook.file_backend, hook.out_dir = None, '.'
    hook._save_best_checkpoint(Stub(), metrics)
    assert seen == dict(first=name)
    says('Loud, but in the way', 'texts among the metrics', "`save_best='auto'`",
         'goes by the first figure whose rule is known; without one, an error that lists the figures')
    for best in ('auto', 'other'):
        hook = CheckpointHook(save_best=best, rule='greater')
        with pytest.raises(ValueError, match=r"save_best=.* finds nothing to go by; name one of \['images'\]"):
            hook._save_best_checkpoint(Stub(), dict(protocol='demo/1', images=4))
