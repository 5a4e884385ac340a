"""What docs/security.md promises: files are data, archives stay in their folder, no report or header goes into logs."""
import ast
import io
import json
import pickle
import runpy
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_run import tiny_config, write_studies

from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict, save_checkpoint
from prior_mm.checkpoints.config_text import find_smuggled_code
from prior_mm.converters.openi import read_openi_reports
from prior_mm.datasets import AnnotationError
from prior_mm.datasets.study_table import read_studies
from prior_mm.engine.launch import build_runner

ROOT = Path(__file__).parents[1]
SECRET = 'zyxwvutology'  # a word of every report, which no program has


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self.ran = str(ran)

    def __reduce__(self):
        return (open, (self.ran, 'w'))


def python(ran):
    """A config that MMEngine would execute."""
    return f"model = dict(type='PRIOR')\nopen({str(ran)!r}, 'w')\n"


#: What a hostile checkpoint holds beside weights that fit; and words of the refusal.
ATTACKS = {
    'pickle': (lambda ran: dict(evil=Payload(ran)), 'would run code'),
    'config': (lambda ran: dict(meta=dict(epoch=0, iter=0, config=python(ran))), 'meta.config, line 2: a call of open'),
    'message hub': (lambda ran: dict(message_hub=dict(runtime_info=dict(cfg=python(ran)))), 'message_hub.runtime_info'),
}
ENTRIES = {
    'resume': ('train.py', 'tiny.py', '--resume', 'evil.pth'),
    'load_from': ('train.py', 'tiny.py', '--cfg-options', 'load_from=evil.pth'),
    'pretrained': ('train.py', 'tiny.py', '--cfg-options', 'model.image_encoder.pretrained=evil.pth'),
    'test.py': ('test.py', 'tiny.py', 'evil.pth'),
    'visualize.py': ('visualize.py', 'tiny.py', 'evil.pth'),
    'published.py': ('model_converters/published.py', 'evil.pth', 'converted.pth'),
    'export.py': ('model_converters/export.py', 'evil.pth', 'exported', '--part', 'joint'),
}


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls a tool in this process: exit status and message."""
    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        try:
            runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
            status = 0
        except SystemExit as end:
            status = end.code
        printed = capsys.readouterr()
        return (1, status) if isinstance(status, str) else (status or 0, printed.err)

    return run


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A folder with a short training on reports that hold a word of their own, and a config for the tools."""
    folder = tmp_path_factory.mktemp('security')
    write_studies(folder / 'data')
    for path in (folder / 'data' / 'annotations').iterdir():
        path.write_text(path.read_text().replace('"sentences": ["', f'"sentences": ["{SECRET} '))
    config = tiny_config(folder / 'data', folder / 'run', experiment_name='security')
    config.train_cfg.stages = [dict(config.train_cfg.stages[0], epochs=1)]
    config.dump(str(folder / 'tiny.py'))
    build_runner(config).train()
    assert SECRET in read_studies(folder / 'data' / 'annotations' / 'train.json')[0]['sentences'][0]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(('entry', 'attack'), [
    (entry, attack) for entry in ENTRIES for attack in ATTACKS if attack != 'message hub' or entry == 'test.py'])
def test_hostile_checkpoints(run, call, monkeypatch, entry, attack):
    """Each way in refuses a checkpoint that would run code, or smuggles it as text, in a message; nothing runs."""
    monkeypatch.chdir(run)
    make, message = ATTACKS[attack]
    ran = run / 'code ran'
    torch.save({**load_checkpoint(run / 'run' / 'epoch_1.pth'), **make(ran)}, run / 'evil.pth')
    tool, *arguments = ENTRIES[entry]
    if tool in ('train.py', 'test.py'):
        arguments += ['--cfg-options'] * ('--cfg-options' not in arguments) + [
            f'experiment_name={entry}_{attack.replace(" ", "_")}', 'work_dir=elsewhere']
    status, err = call(tool, *arguments)
    assert not ran.exists(), 'the payload ran'
    assert status == 1 and 'evil.pth is refused' in err and message in err and 'Traceback' not in err
    assert not (run / 'converted.pth').exists() and not (run / 'exported').exists()


@pytest.mark.parametrize('write', [
    lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    lambda value, path: path.write_bytes(pickle.dumps(value)),
], ids=['old format', 'bare pickle'])
def test_other_pickles(tmp_path, monkeypatch, write):
    """Whatever wraps the pickle, and whatever the environment says of PyTorch's default."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    write(dict(w=torch.zeros(1), evil=Payload(tmp_path / 'ran')), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='evil.pth'):
        load_state_dict(tmp_path / 'evil.pth')
    assert not (tmp_path / 'ran').exists()


def test_hugging_face_folders(tmp_path):
    """A text encoder's folder whose weights are a pickle with a payload is refused, and nothing runs."""
    from prior_mm.models import TextEncoder
    (tmp_path / 'config.json').write_text('{"model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1, '
                                          '"num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 9}')
    torch.save(dict(evil=Payload(tmp_path / 'ran')), tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='cannot be read'):
        TextEncoder(pretrained=str(tmp_path))
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(('text', 'found'), [
    ("model = dict(type='ResNet', depth=[1, -2], a={'b': (1., None, True)})\n_base_ = ['a.py']\n'''text'''\n", None),
    ('{"model": {"depth": 50}}', None), ('no Python at all', None), ('', None), ('a\0b', None),
    ('import os', 'line 1: Import'), ("a = 1\nopen('x')", 'line 2: a call of open'), ('a = b.c', 'Attribute'),
    ("a = dict(b=eval('1'))", 'a call of eval'), ("a = [open('x') for _ in '1']", 'line 1: ListComp'),
    ("a = f'{1}'", 'JoinedStr'), ('a = {{ $X:1 }}', 'a template'), ('a = (lambda: 1)()', 'Call'),
    ('dict(a=1)()', 'Call'), ('(' * 10**5, None), ('a' * (2**20 + 1), 'characters'), ('-' * 50000 + '1', 'brackets')])
def test_what_is_code(text, found):
    """A config of numbers, texts and containers, which published checkpoints carry, is data; all else is code."""
    problem = find_smuggled_code(dict(meta=dict(cfg=text)))
    assert problem is None if found is None else (problem.startswith('meta.cfg, ') and found in problem), problem


def test_published_checkpoints_with_a_config_are_read(tmp_path):
    """A toolbox's own checkpoint, with its config as text, is no attack."""
    torch.save(dict(meta=dict(cfg="model = dict(type='ResNet')"), state_dict=dict(w=torch.ones(1))), tmp_path / 'a.pth')
    assert load_state_dict(tmp_path / 'a.pth').keys() == {'w'}


@pytest.mark.slow
def test_safetensors(run, call, tmp_path, monkeypatch):
    """Weights and meta are written and read without any pickle; resuming needs more, and says so."""
    checkpoint = load_checkpoint(run / 'run' / 'epoch_1.pth')
    weights = dict(checkpoint['state_dict'], tied=next(iter(checkpoint['state_dict'].values())))
    save_checkpoint(dict(state_dict=weights, meta=checkpoint['meta']), tmp_path / 'a.safetensors')
    loaded = load_checkpoint(tmp_path / 'a.safetensors')
    assert loaded['meta'] == checkpoint['meta'] and loaded['state_dict'].keys() == weights.keys()
    assert all(torch.equal(loaded['state_dict'][name], value) for name, value in weights.items())
    with pytest.raises(ValueError, match=r'holds .*optimizer.*\.pth'):
        save_checkpoint(checkpoint, tmp_path / 'b.safetensors')
    assert not (tmp_path / 'b.safetensors').exists()
    save_file(dict(w=torch.ones(1)), tmp_path / 'plain.safetensors')
    assert load_checkpoint(tmp_path / 'plain.safetensors').keys() == {'w'}
    (tmp_path / 'cut.safetensors').write_bytes((tmp_path / 'a.safetensors').read_bytes()[:-9])
    with pytest.raises(ValueError, match=r'cut\.safetensors is damaged'):
        load_checkpoint(tmp_path / 'cut.safetensors')
    monkeypatch.chdir(run)
    status, err = call('train.py', 'tiny.py', '--resume', tmp_path / 'a.safetensors', '--cfg-options',
                       'experiment_name=safetensors', 'work_dir=elsewhere')
    assert status == 1 and 'cannot be resumed: it holds weights but no state of a training' in err


def test_no_report_text_in_what_a_run_writes(run):
    """Neither logs nor scalars, configs, checkpoints nor results hold a word of a report."""
    written = [path for path in (run / 'run').rglob('*') if path.is_file()]
    assert {'.pth', '.log', '.py', '.json'} <= {path.suffix for path in written}
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize('sentences', [[SECRET, ' '], [SECRET, 7], [f'{SECRET} \ud800'], SECRET])
def test_no_report_text_in_messages(run, tmp_path, sentences):
    """A message on a sentence names its place, not its words."""
    file = json.loads((run / 'data' / 'annotations' / 'train.json').read_text())
    file['data_list'][0]['sentences'] = sentences
    (tmp_path / 'a.json').write_text(json.dumps(file))
    with pytest.raises(AnnotationError, match=r'data_list\[0\]: sentences must') as refused:
        read_studies(tmp_path / 'a.json')
    assert SECRET not in str(refused.value)


def test_archives_are_not_unpacked(tmp_path, monkeypatch):
    """Members with names that lead elsewhere, links and devices: read in memory or passed over, never written."""
    inner = tmp_path / 'in' / 'here'
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    xml = b'<r><uId id="CXR%d"/><AbstractText Label="FINDINGS">Clear.</AbstractText></r>'
    with tarfile.open(inner / 'reports.tgz', 'w:gz') as archive:
        for number, name in enumerate(('../evil.xml', f'{tmp_path}/absolute.xml', 'a/../../b.xml')):
            member = tarfile.TarInfo(name)
            member.size = len(xml % number)
            archive.addfile(member, io.BytesIO(xml % number))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo('link.xml')
            member.type, member.linkname = kind, '/etc/passwd'
            archive.addfile(member)
    before = sorted(tmp_path.rglob('*'))
    assert [report.report_id for report in read_openi_reports(inner / 'reports.tgz')] == ['CXR0', 'CXR1', 'CXR2']
    assert sorted(tmp_path.rglob('*')) == before


def calls_in(path):
    """Every call in a source file, as text."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}, node.lineno


def test_no_unsafe_reader_in_the_source():
    """No line of the package or the tools unpickles, runs text, unpacks a whole archive, or trusts remote code."""
    forbidden = {'eval', 'exec', 'pickle.load', 'pickle.loads', 'yaml.load', 'Config.fromstring', 'compile',
                 'os.system', 'joblib.load', 'mmengine.load'}
    for path in [*(ROOT / 'prior_mm').rglob('*.py'), *(ROOT / 'tools').rglob('*.py')]:
        for name, words, line in calls_in(path):
            assert name not in forbidden and not name.endswith('.extractall'), f'{path}, line {line}: {name}'
            if name == 'torch.load':
                assert words.get('weights_only') == 'True', f'{path}, line {line}'
            if name == 'np.load':
                assert words.get('allow_pickle', 'False') == 'False', f'{path}, line {line}'
            assert words.get('trust_remote_code', 'False') == 'False', f'{path}, line {line}'
