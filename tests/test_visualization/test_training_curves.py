"""Loss curves: what is read of a run's folder, where the stages lie, and that a picture comes out."""
import json

import pytest
from matplotlib.image import imread

from prior_mm.visualization.training_curves import draw_curves, locate_stages, read_scalars

STAGES = [dict(name='alignment', epochs=2, losses=dict(global_alignment=1.)),
          dict(name='prototypes', epochs=1, losses=dict(global_alignment=2., prototype=10.)),
          dict(name='reconstruction', epochs=4, losses=dict(kl=1.))]


def log(folder, timestamp: str, steps: range, mark: float = 0., tail: str = '') -> None:
    """A log of four steps an epoch."""
    path = folder / timestamp / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    lines = [dict(loss=1 / step, loss_global_alignment=.5 / step, lr=1e-5, epoch=(step - 1) // 4 + 1, step=step,
                  mark=mark, **(dict(loss_prototype=3.) if step > 8 else {})) for step in steps]
    lines.insert(2, {'retrieval/image_to_text/recall@1': .1, 'step': 1})  # of a validation, whose steps are epochs
    path.write_text('\n'.join(map(json.dumps, lines)) + '\n' + tail)


def test_resumed_run(tmp_path):
    """Steps taken twice count once, as the later start saw them; a line cut off by a kill does no harm."""
    log(tmp_path, '20260101_000000', range(1, 9), mark=1, tail='{"loss": 0.')
    log(tmp_path, '20260102_000000', range(6, 13), mark=2)
    records = read_scalars(tmp_path)
    assert [record['step'] for record in records] == list(range(1, 13))
    assert [record['mark'] for record in records] == [1] * 5 + [2] * 7


def test_no_log(tmp_path):
    """Without a log the error says that training comes first."""
    with pytest.raises(FileNotFoundError, match='tools/train.py'):
        read_scalars(tmp_path)


def test_stages_follow_the_epochs(tmp_path):
    """Each stage spans its epochs; one that was not begun is left out, and so are all without epochs in the log."""
    log(tmp_path, '20260101_000000', range(1, 13))
    records = read_scalars(tmp_path)
    assert [span[:3] for span in locate_stages(records, STAGES)] == [('alignment', 1, 8), ('prototypes', 9, 12)]
    assert locate_stages([dict(loss=1., step=1)], STAGES) == []


@pytest.mark.parametrize('stages', [STAGES, []], ids=['stages', 'no stages'])
def test_picture(tmp_path, stages):
    """A picture with a panel a loss comes out, with stages and without."""
    log(tmp_path, '20260101_000000', range(1, 13))
    draw_curves(read_scalars(tmp_path), stages, tmp_path / 'made' / 'curves.png', 'a run')
    assert imread(tmp_path / 'made' / 'curves.png').std() > .05
