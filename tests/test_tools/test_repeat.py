"""What tools/repeat.py writes of its runs, whose trainings and tests have their own tests."""
import json
import runpy
import sys
from pathlib import Path

import pytest

from prior_mm.downstream import runs as module

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('overlap', [None, {'train and test': 494}])
def test_lists_that_overlap_stand_in_the_file(tmp_path, monkeypatch, capsys, overlap):
    """On the screen and in the JSON file; nothing of it where the lists share no image."""
    def tested(made, *_):
        return [dict(config='c.py', protocol='mrm/1', seed=0, data=dict(repeat=str(number), overlap=overlap),
                     metrics={'zero_shot/accuracy': .5}) for number, _ in enumerate(made)]

    monkeypatch.setattr(module, 'run_all', tested)
    out = tmp_path / 'out.json'
    monkeypatch.setattr(sys, 'argv', ['repeat.py', str(ROOT / 'configs/downstream/chexpert5x200_zeroshot.py'),
                                      '--repeats', 'seed114514', 'seed114515', '--out', str(out)])
    runpy.run_path(str(ROOT / 'tools/repeat.py'), run_name='__main__')
    content = json.loads(out.read_text())
    assert len(content['runs']) == 2 and content.get('overlap') == overlap
    assert ('LISTS OVERLAP: 494 images in train and test' in capsys.readouterr().out) == bool(overlap)
