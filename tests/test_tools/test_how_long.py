"""How long the demo takes: what is said of measured times. The measuring itself is a step of the demo."""
import sys
from pathlib import Path

import pytest

from prior_mm.engine.launch import load_config
from prior_mm.engine.stages import Stages

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

import how_long  # noqa: E402


def test_minutes_are_those_of_all_epochs():
    """Each stage counts with its own epochs and seconds."""
    stages = Stages.from_config([dict(name=name, epochs=epochs, lr=1., losses=dict(a=1.))
                                 for name, epochs in (('first', 3), ('second', 2))])
    text = how_long.describe(stages, drawing=150, steps=60, seconds=[1., 3.])
    assert 'about 2 minutes of drawing and 9 of pre-training (5 epochs of 60 steps, 1.00 / 3.00 s' in text


@pytest.mark.parametrize('name', ['pretrain_demo', 'prior_demo_grounded'])
def test_no_path_of_the_demo_data_is_left(name, tmp_path):
    """What is timed reads the few studies that were drawn for it, not data that may not be there yet."""
    config = load_config(str(ROOT / 'configs' / 'prior' / f'{name}.py'))
    text = str(how_long.moved(config.to_dict(), str(tmp_path)))
    assert how_long.DATA not in text and f'{tmp_path}/vocab.txt' in text
