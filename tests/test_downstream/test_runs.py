"""Many runs as one command: what is done is not done again, and what fails says where to look."""
import json
import sys

import pytest

from prior_mm.downstream import runs as module
from prior_mm.downstream.done_before import Stand
from prior_mm.downstream.runs import Run, run_all

TRAIN = '''
import sys
open('calls.txt', 'a').write('train ' + ' '.join(sys.argv[1:]) + '\\n')
if 'broken' in sys.argv:
    sys.exit('it is broken')
'''
TEST = '''
import json, sys
open('calls.txt', 'a').write('test ' + ' '.join(sys.argv[1:]) + '\\n')
json.dump(dict(metrics=dict(value=len(sys.argv))), open(sys.argv[sys.argv.index('--out') + 1], 'w'))
'''


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Tools that note how they are called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools/train.py').write_text(TRAIN)
    (tmp_path / 'tools/test.py').write_text(TEST)
    monkeypatch.setattr(module, '_stand', lambda run: Stand(tested=run.out.is_file()))  # done_before.py has its tests
    return tmp_path / 'tools'


@pytest.mark.parametrize('jobs', [1, 2])
def test_runs(tools, tmp_path, jobs):
    """Training that goes on where it was, then the test, each with the options; a test alone; results in order."""
    runs = [Run('a.py', ('--seed', '1'), tmp_path / 'out/a.json'),
            Run('b.py', ('--work-dir', 'w'), tmp_path / 'out/b.json', train=False)]
    done = []
    records = run_all(runs, tools, jobs, done.append)
    assert [record['metrics']['value'] for record in records] == [6, 6]
    assert sorted(run.config for run in done) == ['a.py', 'b.py']
    calls = (tmp_path / 'calls.txt').read_text().splitlines()
    assert sorted(calls) == sorted([
        'train a.py --seed 1 --resume', f'test a.py --seed 1 --out {tmp_path}/out/a.json',
        f'test b.py --work-dir w --out {tmp_path}/out/b.json'])
    assert run_all(runs, tools, jobs) == records
    assert (tmp_path / 'calls.txt').read_text().splitlines() == calls, 'what has a result is not run again'


def test_failure(tools, tmp_path):
    """The message holds the end of the log and names it; the results of the others stay."""
    runs = [Run('a.py', (), tmp_path / 'a.json'), Run('b.py', ('broken', ), tmp_path / 'b.json')]
    with pytest.raises(ChildProcessError, match='it is broken') as error:
        run_all(runs, tools)
    assert str(tmp_path / 'b.log') in str(error.value) and sys.executable in str(error.value)
    assert json.loads((tmp_path / 'a.json').read_text()) and not (tmp_path / 'b.json').exists()


def test_done_otherwise(tools, tmp_path, monkeypatch):
    """What was done otherwise stops all before any is run, and is trained from the beginning with anew."""
    runs = [Run('a.py', (), tmp_path / 'a.json'), Run('b.py', (), tmp_path / 'b.json')]
    monkeypatch.setattr(module, '_stand', lambda run: Stand(otherwise='b is another' if run.config == 'b.py' else ''))
    with pytest.raises(ValueError, match=r'b is another \(1 of 2 runs\)\. --anew runs it again in its place'):
        run_all(runs, tools)
    assert not (tmp_path / 'calls.txt').exists()
    run_all(runs, tools, anew=True)
    calls = (tmp_path / 'calls.txt').read_text().splitlines()
    assert [call for call in calls if call.startswith('train')] == ['train a.py --resume', 'train b.py']


def test_only_the_test_differs(tools, tmp_path, monkeypatch):
    """Then nothing is trained; a test of its own config has its own arguments."""
    run = Run('a.py', ('--seed', '1'), tmp_path / 'a.json', test_config='t.py', test_options=('none', ))
    monkeypatch.setattr(module, '_stand', lambda run: Stand(trained=True))
    run_all([run], tools)
    assert (tmp_path / 'calls.txt').read_text().splitlines() == [f'test t.py none --seed 1 --out {run.out}']
