"""From a config file to a config that the runner can build from."""
from prior_mm.engine.launch import load_config


def test_a_base_of_the_installed_configs(tmp_path):
    """`prior_mm::...` as a base leaves no note of the package where MMEngine would hand it on as an argument."""
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = ['prior_mm::prior/pretrain_own_small.py']\nwork_dir = 'runs/mine'\n")
    config = load_config(str(path))
    assert config.work_dir == 'runs/mine'
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert config[name].collate_fn == dict(type='collate_studies')
