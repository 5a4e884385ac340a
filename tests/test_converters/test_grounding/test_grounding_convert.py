"""From phrases to annotation files, by the command line: what is written, and that the data set reads it."""
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from prior_mm.converters.downstream.masks import Box
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.grounding.convert import convert_grounding
from prior_mm.converters.grounding.phrase import GroundedPhrase
from prior_mm.datasets import PhraseGrounding

ROOT = Path(__file__).parents[3]
QUIET = Console(quiet=True)
REAL = ROOT.parent / 'shared' / 'data' / 'real' / 'nih'


def image(path: Path, size=(30, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros(size, np.uint8))


def phrase(name='a.png', patient='p', split='', **changes):
    return GroundedPhrase(**{**dict(image=name, phrase='There is a mass.', finding='Mass', boxes=(Box(1, 2, 3, 4), ),
                                    width=40, height=30, patient=patient, split=split), **changes})


def read(root: Path, part: str) -> list[dict]:
    return json.loads((root / f'annotations/grounding/{part}.json').read_text())['data_list']


def test_splits_by_patients(tmp_path):
    """Without splits, a fifth of the patients is the validation part; none is in both, and it is always the same."""
    image(tmp_path / 'a.png')
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path)
    phrases = [phrase(patient=f'p{number // 2}', phrase=f'mass {number}') for number in range(400)]
    tally, splits = convert_grounding('made up', phrases, [], settings, QUIET)
    validate, test = ({entry['patient_id'] for entry in read(tmp_path, part)} for part in ('validate', 'test'))
    assert splits == ('validate', 'test') and not validate & test and 20 <= len(validate) <= 60
    assert len(read(tmp_path, 'all')) == 400 == tally.kept['test'] + tally.kept['validate']
    before = read(tmp_path, 'test')
    convert_grounding('made up', phrases, [], settings, QUIET)
    assert read(tmp_path, 'test') == before


def test_images_shares_masks_and_what_is_missing(tmp_path):
    """Images are found by name with another ending; shares become pixels; masks are written; missing ones told."""
    image(tmp_path / 'deep' / 'a.png')
    mask = np.zeros((30, 40), np.uint8)
    mask[3, 4] = 1
    phrases = [phrase('a.jpg', split='test', boxes=(Box(.5, .1, .25, .2), ), width=None, height=None),
               phrase('a', split='val', boxes=(), mask=mask), phrase('b.png', split='test')]
    tally, splits = convert_grounding('made up', phrases, [], DownstreamSettings(tmp_path, tmp_path, tmp_path), QUIET)
    entry, = read(tmp_path, 'test')
    assert entry['img_path'] == 'deep/a.png' and (entry['width'], entry['height']) == (40, 30)
    assert entry['boxes'] == [pytest.approx([20, 3, 10, 6])] and splits == ('validate', 'test')
    assert 'b.png' in (tmp_path / 'annotations/grounding/left_out.csv').read_text()
    dataset = PhraseGrounding('annotations/grounding/validate.json', str(tmp_path), pipeline=[dict(type='LoadRegion')])
    assert dataset[0]['region'].sum() == 1 and dataset[0]['region'][3, 4]


def test_unknown_split_is_named(tmp_path):
    """A split that is none of those known would be lost without a word."""
    image(tmp_path / 'a.png')
    with pytest.raises(ValueError, match="the split 'dev' of a.png"):
        convert_grounding('x', [phrase(split='dev')], [], DownstreamSettings(tmp_path, tmp_path, tmp_path), QUIET)


def run(*words) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ROOT / 'tools/dataset_converters/grounding.py', *map(str, words)],
                          capture_output=True, text=True)


@pytest.mark.slow
def test_command_line(tmp_path):
    """A file of ChestX-Det10's form goes in, files of the schema come out; without it a line says what is missing."""
    image(tmp_path / '00000042_006.png')
    done = run('chestx_det10', tmp_path)
    assert done.returncode == 1 and 'Give it with --annotations' in done.stderr and 'Traceback' not in done.stderr
    (tmp_path / 'test.json').write_text(json.dumps([dict(file_name='00000042_006.png', syms=['Mass'],
                                                         boxes=[[1, 2, 4, 6]])]))
    done = run('chestx_det10', tmp_path)
    assert done.returncode == 0 and 'Phrases: 1 of 1.' in done.stdout, done.stderr
    assert len(PhraseGrounding('annotations/grounding/test.json', str(tmp_path))) == 1


@pytest.mark.skipif(not REAL.is_dir(), reason='the real films are not on this machine')
def test_real_films(tmp_path):
    """All boxes of NIH's films in the shared folder become phrases, and the data set opens them."""
    done = run('nih', REAL, '--out', tmp_path)
    assert done.returncode == 0 and 'Phrases: 38 of 38.' in done.stdout, done.stderr
    dataset = PhraseGrounding(str(tmp_path / 'annotations/grounding/all.json'), str(REAL), pipeline=[
        dict(type='LoadRadiograph', size=64), dict(type='LoadRegion')])
    assert len(dataset) == 38 and all(dataset[index]['region'].any() for index in range(38))
