"""How long the demo takes: what is said of measured times. The measuring itself is a step of the demo."""
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from demo_reports import made_up_reports

from prior_mm.demo import plan_studies
from prior_mm.engine.launch import load_config
from prior_mm.engine.stages import Stages

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

import how_long  # noqa: E402

STAGES = Stages.from_config([dict(name=name, epochs=epochs, lr=1., losses=dict(a=1.))
                             for name, epochs in (('first', 3), ('second', 2))])


def test_minutes_are_those_of_all_epochs():
    """Each stage counts with its own epochs and seconds; first results are a look at a long pre-training."""
    text = how_long.describe(STAGES, drawing=150, steps=60, seconds=[1., 3.])
    assert 'about 2 minutes of drawing and 9 of pre-training (5 epochs of 60 steps, 1.00 / 3.00 s' in text
    assert 'First results after about 8 minutes, when `make demo` stops pre-training for a look' in text
    assert 'First results after about 6 minutes. ' in how_long.describe(STAGES, 150, 60, [.4, 1.2])


def test_the_first_look_is_that_of_the_demo():
    """The minutes that are told are those after which the Makefile stops pre-training."""
    assert f'timeout --foreground -s TERM {how_long.FIRST_LOOK}m' in (ROOT / 'Makefile').read_text()


def test_studies_of_an_epoch_are_counted():
    """Reports that the converter leaves out, or that are not for training, make no steps."""
    few = [replace(report, findings='The heart is large.') for report in made_up_reports(40)]
    studies = plan_studies([*made_up_reports(40), *few], seed=0)
    expected = sum(study.split == 'train' for study in studies[:40])
    assert 0 < how_long.studies_of_training(studies) == expected < 40


@pytest.mark.parametrize('name', ['pretrain_demo', 'prior_demo_grounded'])
def test_no_path_of_the_demo_data_is_left(name, tmp_path):
    """What is timed reads the few studies that were drawn for it, not data that may not be there yet."""
    config = load_config(str(ROOT / 'configs' / 'prior' / f'{name}.py'))
    text = str(how_long.moved(config.to_dict(), str(tmp_path)))
    assert how_long.DATA not in text and f'{tmp_path}/vocab.txt' in text
