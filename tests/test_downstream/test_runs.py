"""Many runs as one command: what is done is not done again, and what fails says where to look."""
import json
import sys

import pytest

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
