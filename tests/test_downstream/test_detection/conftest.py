"""A made-up RSNA of 30 images, converted, and the demo's config for images of 32 px."""
import runpy
import sys
from pathlib import Path

import pytest
from made_up_downstream import write_rsna

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope='session')
def call_tool():
    """Runs a tool in this process, as ``python tools/...`` does."""
    def call(tool: str, *arguments) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, 'argv', [tool, *map(str, arguments)])
            runpy.run_path(str(ROOT / tool), run_name='__main__')

    return call


@pytest.fixture(scope='session')
def raw_rsna(tmp_path_factory, call_tool):
    """The data set's folder."""
    root = write_rsna(tmp_path_factory.mktemp('rsna'), images=30, positive=12)
    with pytest.raises(SystemExit) as ended:
        call_tool('tools/dataset_converters/rsna.py', root, '--pixels', 64, '--protocol', 'demo/1', '--no-masks')
    assert not ended.value.code
    return root


@pytest.fixture(scope='session')
def demo_config(tmp_path_factory):
    """A config that trains two steps."""
    path = tmp_path_factory.mktemp('config') / 'tiny_det.py'
    loader = 'batch_size=4, num_workers=0, persistent_workers=False, dataset=dict(pipeline=shrunk('
    path.write_text(f"""_base_ = '{ROOT}/configs/downstream/demo/rsna_det.py'
def shrunk(pipeline):
    return [dict(step, scale=(32, 32)) if step['type'] == 'mmdet.Resize' else step for step in pipeline]
train_dataloader = dict({loader}_base_.train_pipeline)))
val_dataloader = dict({loader}_base_.test_pipeline)))
test_dataloader = dict({loader}_base_.test_pipeline)))
train_cfg = dict(max_iters=2, val_interval=2)
param_scheduler = []
visualizer = dict(_delete_=True, type='Visualizer')
""")
    return path
