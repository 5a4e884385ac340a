"""MLflow and Weights & Biases by MMEngine's back-ends: a line of the config each, and no network."""
import pytest
from tiny_run import short_config

from prior_mm.engine.launch import build_runner

LINES = dict(
    mlflow=dict(type='MLflowVisBackend', exp_name='prior'),
    wandb=dict(type='WandbVisBackend', init_kwargs=dict(project='prior', mode='offline')))


def train(folder, name):
    config = short_config(folder, **{'visualizer.vis_backends': [dict(type='LocalVisBackend'), LINES[name]]})
    config.val_cfg = config.val_dataloader = config.val_evaluator = None
    runner = build_runner(config)
    runner.train()
    return folder / 'run'


@pytest.mark.slow
def test_mlflow(tmp_path, monkeypatch):
    """Settings, the loss of each of the nine steps and the log lie in the run's folder, as MLflow reads them."""
    mlflow = pytest.importorskip('mlflow')
    monkeypatch.setenv('MLFLOW_ALLOW_FILE_STORE', 'true')
    before = mlflow.get_tracking_uri()
    run = train(tmp_path, 'mlflow')
    (store, ) = run.glob('*/vis_data')
    client = mlflow.MlflowClient(f'file://{store}')
    (kept, ) = client.search_runs([client.get_experiment_by_name('prior').experiment_id])
    mlflow.set_tracking_uri(before)
    losses = client.get_metric_history(kept.info.run_id, 'loss')
    assert [point.step for point in losses] == list(range(1, 10))
    assert kept.data.params['model.type'] == 'PRIOR' and kept.info.status == 'FINISHED'
    assert 'config.py' in [item.path for item in client.list_artifacts(kept.info.run_id)]


@pytest.mark.slow
def test_wandb(tmp_path, monkeypatch):
    """An offline run is written beside the logs, with the settings, and its summary holds the last loss."""
    wandb = pytest.importorskip('wandb')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    run = train(tmp_path, 'wandb')
    (kept, ) = run.glob('*/vis_data/wandb/offline-run-*/run-*.wandb')
    assert kept.stat().st_size > 1000 and wandb.run is None
