"""The console script: each command answers people and programs, and ends with the code that it promises."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import prior_mm
from prior_mm.checkpoints.checkpoint import note_checkpoint
from prior_mm.command_line.app import app
from prior_mm.version import __version__

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ('score', 'heatmap', 'draft', 'embed', 'index', 'search', 'info', 'models')


def run(*args: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(arg) for arg in args])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout if code == 0 or code == 3 else done.output


def film(home: Path, number: int = 0) -> Path:
    return home / f'data/files/test_{number}_0.png'


@pytest.mark.parametrize('command', COMMANDS)
def test_help_has_an_example(command):
    """Each command shows how it is used, and knows --json."""
    text = run(command, '--help')
    assert f'Example: prior-mm {command}' in text and '--json' in text


def test_the_top():
    """The version, and all commands."""
    assert run('--version').strip() == __version__
    assert all(command in run('--help') for command in (*COMMANDS, 'train', 'test'))
    run('no-such-command', code=2)


def test_score(home, model, tmp_path):
    """The same scores as from Python, as a table and as JSON; a bad file is told and ends with 3."""
    prompts = ('--prompt', 'large=heart large', '--prompt', 'large=large heart', '--prompt', 'no effusion')
    found = json.loads(run('score', home / 'run', film(home), *prompts, '--archive', home / 'index', '--json'))
    expected = model.score(film(home), {'large': ['heart large', 'large heart'], 'no effusion': ['no effusion']})
    np.testing.assert_allclose(found['scores'], expected.scores, atol=1e-5)
    assert found['classes'] == ['large', 'no effusion'] and found['synthetic'] is True
    assert found['model_sha256'] == model.info.sha256 and len(found['verdicts']) == 1
    table = run('score', home / 'run', film(home), *prompts)
    assert f'{expected.scores[0, 0]:.3f}' in table and 'SYNTHETIC' in table and 'no medical device' in table
    bad = tmp_path / 'bad.png'
    bad.write_bytes(b'<html>')
    (tmp_path / 'prompts.json').write_text('{"a": ["heart large"], "b": ["no effusion"]}')
    found = json.loads(run('score', home / 'run', film(home), bad, '--prompts', tmp_path / 'prompts.json', '--json',
                           code=3))
    assert len(found['scores']) == 1 and found['failed'][0]['name'] == str(bad)


@pytest.mark.parametrize(('args', 'says'), [
    (('score', '{run}', '{film}'), 'by --prompt (twice at least)'),
    (('score', '{run}', '{film}', '--prompt', 'heart'), 'at least two classes'),
    (('score', '{home}/none', '{film}', '--prompt', 'a'), 'there is no'),
    (('score', '{run}', '{film}', '--bits', '40', '--prompt', 'a'), 'from 9 to 15'),
    (('heatmap', '{run}', '{film}', 'heart', '--kind', 'nonsense'), 'there are no maps'),
    (('heatmap', '{run}', '{film}', 'heart', '--out', 'map.doc'), '.png, .npy or .dcm'),
    (('heatmap', '{run}', '{home}/data/vocab.txt', 'heart'), 'no JPEG, PNG or DICOM'),
    (('search', '{run}', '{home}/none', '--text', 'heart'), 'there is no'),
    (('search', '{run}', '{home}/index'), 'one of the two'),
    (('search', '{run}', '{home}/index', '--text', 'heart', '--by', 'nonsense'), "not by 'nonsense'"),
    (('draft', '{run}', '{film}'), 'studies to compare with'),
    (('embed', '{run}', '{film}', '--out', 'a.csv'), '.parquet'),
    (('models', '{home}/none'), 'there is no folder'),
])
def test_errors_are_a_line(home, args, says):
    """What a user can mend ends with 1 and a message that says so, without a traceback."""
    words = {'home': home, 'run': home / 'run', 'film': film(home)}
    text = run(*(arg.format(**words) if isinstance(arg, str) else arg for arg in args), code=1)
    assert says in text and 'Traceback' not in text


def test_heatmap(home, model, tmp_path):
    """Peak, a picture, and the values."""
    found = json.loads(run('heatmap', home / 'run', film(home), 'heart large', '--out', tmp_path / 'map.npy', '--json'))
    expected = model.heatmap(film(home), 'heart large')
    assert tuple(found['peak']) == expected.peak
    np.testing.assert_allclose(np.load(tmp_path / 'map.npy'), expected.values, atol=1e-6)
    assert 'peak at column' in run('heatmap', home / 'run', film(home), 'heart large', '--out', tmp_path / 'map.png')
    assert (tmp_path / 'map.png').read_bytes().startswith(b'\x89PNG')


def test_embed_and_search(home, model, tmp_path):
    """A folder to a table that names the model, and the nearest of it."""
    table = tmp_path / 'vectors.parquet'
    said = json.loads(run('embed', home / 'run', home / 'data/files', '--out', table, '--json'))
    assert said['images'] == len(list((home / 'data/files').iterdir())) and said['model_sha256'] == model.info.sha256
    found = json.loads(run('search', home / 'run', table, '--image', film(home, 3), '-k', 2, '--json'))
    assert found['matches'][0]['study'] == 'test_3_0' and len(found['matches']) == 2
    assert 'test_3_0' in run('search', home / 'run', table, '--image', film(home, 3))
    run('search', home / 'run', table, '--text', 'heart', '--by', 'report', code=1)


def test_index_and_draft(home, model, tmp_path):
    """An annotation file to an archive, and drafts of its sentences."""
    said = json.loads(run('index', home / 'run', home / 'data/annotations/train.json', '--out', tmp_path / 'index',
                          '--json'))
    assert said['studies'] == 12
    found = json.loads(run('draft', home / 'run', film(home), '--archive', tmp_path / 'index', '--json'))
    drafted = found['drafts'][str(film(home))]
    assert drafted['verdict']['unlike'] in (True, False)
    assert {one['text'] for one in drafted['sentences']} <= set(model.archive.sentences.texts)
    assert str(film(home)) in run('draft', home / 'run', film(home), '--archive', tmp_path / 'index')


def test_info_and_models(home, model):
    """What is in a checkpoint, and which are here; a file that is none is named and passed over."""
    found = json.loads(run('info', home / 'run', '--json'))
    assert found['sha256'] == model.info.sha256 and found['size'] == [32, 32] and found['method'] == 'PRIOR'
    assert found['config']['model']['embed_dims'] == 32 and found['synthetic'] is True
    assert 'SYNTHETIC' in run('info', home / 'run')
    (home / 'other').mkdir(exist_ok=True)
    (home / 'other' / 'broken.pth').write_bytes(b'nothing')
    found = json.loads(run('models', home, '--json'))
    assert [one['path'] for one in found['models']] == [str(home / 'run')]
    assert [one['name'] for one in found['failed']] == [str(home / 'other/broken.pth')]
    assert 'PRIOR' in run('models', home)


@pytest.mark.slow
def test_train_and_test_are_the_tools():
    """`prior-mm train` hands on: the tool's own help, and its own exit code."""
    command = [sys.executable, '-c', 'from prior_mm.command_line.app import main; main()']
    done = subprocess.run([*command, 'train', '--help'], cwd=ROOT, capture_output=True, text=True)
    if not (ROOT / 'prior_mm/.mim/tools').exists():
        pytest.skip('the package is not installed')
    assert done.returncode == 0 and '--resume-schedule' in done.stdout
    done = subprocess.run([*command, 'test', 'no_such_config.py'], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and 'there is no config' in done.stderr


@pytest.mark.slow
def test_warnings_leave_the_answer_alone(home, tmp_path):
    """A warning on what was loaded goes to standard error: what --json prints is JSON still."""
    shutil.copytree(home / 'run', tmp_path / 'run')
    shutil.copy(home / 'run/epoch_6.pth', tmp_path / 'run/preempted.pth')
    note_checkpoint(tmp_path / 'run', str(tmp_path / 'run/preempted.pth'))
    done = subprocess.run([sys.executable, '-c', 'from prior_mm.command_line.app import main; main()', 'info',
                           str(tmp_path / 'run'), '--json'], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)['path'].endswith('epoch_6.pth') and 'stopped on its way' in done.stderr


def test_import_stays_light():
    """`import prior_mm` and `prior-mm --help` import neither PyTorch nor MMEngine."""
    for line in ('import prior_mm', 'import prior_mm.command_line.app'):
        code = f"import sys; {line}; print({{'torch', 'mmengine', 'transformers', 'spacy'}} & sys.modules.keys())"
        done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == 'set()', line
    assert prior_mm.load.__module__ == 'prior_mm.inference.loading'
    with pytest.raises(AttributeError, match='nonsense'):
        prior_mm.nonsense  # noqa: B018
