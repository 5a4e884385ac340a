"""The configs of zero-shot classification and retrieval, as tools/test.py runs them, on a dozen images each."""
import json
from pathlib import Path
from string import ascii_letters

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from tiny_run import write_studies

from prior_mm.engine.launch import build_runner, load_config
from prior_mm.models import PRIOR

CONFIGS = Path(__file__).parents[2] / 'configs'
CLASSES = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion']


def write_labelled(root: Path, count: int = 12) -> None:
    """A dozen images of noise of the five classes, as the converter lists them."""
    rng = np.random.default_rng(0)
    (root / 'train').mkdir(parents=True)
    (root / 'annotations').mkdir()
    entries = []
    for number in range(count):
        cv2.imwrite(str(root / f'train/{number}.png'), rng.integers(0, 256, (140, 150), dtype=np.uint8))
        entries.append(dict(img_path=f'train/{number}.png', gt_label=number % 5, image_id=f'{number}', row=number))
    metainfo = dict(schema='prior_mm.classification/1', dataset='chexpert-5x200', split='tiny', classes=CLASSES,
                    synthetic=True, summary=dict(kept=count))
    (root / 'annotations/list.json').write_text(json.dumps(dict(metainfo=metainfo, data_list=entries)))


def run(config: str, folder: Path, batch_size: int, options: dict) -> tuple[dict, PRIOR, list[int], torch.Tensor]:
    """Of a test with random weights: metrics, model, reports in each call of the text encoder, class scores."""
    torch.manual_seed(0)
    vocabulary = folder / 'studies' / 'vocab.txt'
    if not vocabulary.is_file():
        write_studies(folder / 'studies')
        with vocabulary.open('a') as file:  # no prompt is unknown
            file.writelines(f'{letter}\n##{letter}\n' for letter in ascii_letters)
        write_labelled(folder / 'labelled')
    settings = load_config(str(CONFIGS / 'downstream/demo' / config), options | {
        'model.text_encoder.vocab_file': str(vocabulary), 'test_dataloader.batch_size': batch_size,
        'test_dataloader.num_workers': 0, 'randomness.seed': 0}, str(folder / 'work'))
    settings.visualizer = dict(type='Visualizer', vis_backends=[])
    settings.experiment_name = f'{Path(config).stem}_{folder.name}_{batch_size}'
    runner, calls = build_runner(settings), []
    runner.model.text_encoder.register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0].token_ids)))
    # In float64: kernels for one image and for a dozen round differently, and the temperature multiplies that by 100.
    runner.model.double().register_forward_pre_hook(
        lambda module, inputs, options: (inputs, dict(options, inputs=options['inputs'].double())), with_kwargs=True)
    predictions: list[dict] = []
    runner.model.register_forward_hook(lambda module, inputs, output: predictions.extend(output))
    metrics = runner.test()
    scores = torch.stack([prediction.get('scores', torch.zeros(0)) for prediction in predictions])
    return metrics, runner.model, calls, scores


def test_zero_shot(tmp_path):
    """Images without reports: every metric is there, the prompts are encoded once, in batches or one by one alike."""
    options = {'model.tokenizer': str(tmp_path / 'studies/vocab.txt'),
               'test_dataloader.dataset.data_root': str(tmp_path / 'labelled'),
               'test_dataloader.dataset.ann_file': 'annotations/list.json'}
    metrics, model, calls, scores = run('chexpert5x200_zeroshot.py', tmp_path, 64, options)
    assert metrics['zero_shot/studies'] == 12 and metrics['zero_shot/protocol'] == 'demo/1'
    assert {f'zero_shot/{name}' for name in ('accuracy', 'precision', 'recall', 'f1', 'kappa', 'confusion_matrix')} \
        <= metrics.keys()
    assert list(metrics['zero_shot/confusion_matrix']) == CLASSES
    assert calls == [len(model.class_of_prompt)]
    _, _, calls, one_by_one = run('chexpert5x200_zeroshot.py', tmp_path, 1, options)
    assert calls == [len(model.class_of_prompt)] and scores.shape == (12, 5)
    assert (one_by_one - scores).abs().max() < 1e-9


def test_retrieval(tmp_path):
    """Both directions, class level and instance level, at the cut-offs of the paper, whatever the batch size."""
    options = {'test_dataloader.dataset.data_root': str(tmp_path / 'studies'),
               'test_dataloader.dataset.exclusive_labels': ['Cardiomegaly', 'Edema'],
               'test_dataloader.dataset.pipeline.2.tokenizer': str(tmp_path / 'studies/vocab.txt')}
    metrics, _, calls, _ = run('chexpert5x200_retrieval.py', tmp_path, 64, options)
    assert metrics['retrieval/studies_with_a_class'] == 12 and calls == [12]
    for direction in ('image_to_text', 'text_to_image'):
        names = [f'{name}@{k}' for name in ('precision', 'hit') for k in (1, 2, 5, 10)]
        names += [*(f'recall@{k}' for k in (1, 5, 10)), 'median_rank']
        assert all(f'retrieval/{direction}/{name}' in metrics for name in names)
    assert run('chexpert5x200_retrieval.py', tmp_path, 1, options)[0] == pytest.approx(metrics)


@pytest.mark.parametrize('name', ['chexpert5x200_zeroshot', 'chexpert5x200_retrieval', 'report_drafts'])
def test_configs_are_of_the_pretrained_model(name):
    """A task's model and folder are those of the pre-training whose checkpoint it takes, part for part."""
    for config, trained in ((f'downstream/{name}.py', 'prior/pretrain_mimic.py'),
                            (f'downstream/demo/{name}.py', 'prior/pretrain_demo.py')):
        ours, theirs = Config.fromfile(CONFIGS / config), Config.fromfile(CONFIGS / trained)
        assert ours.trained_by == f'configs/{trained}'
        assert Path(ours.work_dir) == Path(theirs.get('work_dir') or f'work_dirs/{Path(trained).stem}')
        for part in theirs.model.keys() - {'type', 'data_preprocessor'}:
            mine, its = ours.model[part], theirs.model[part]
            if part == 'image_encoder':  # all weights come from the checkpoint
                mine, its = dict(mine, pretrained=None), dict(its, pretrained=None)
            assert mine == its, part
        assert ours.model.data_preprocessor['size'] == theirs.model.data_preprocessor['size']


def test_prompts_are_balanced():
    """Each class of 5x200 has several prompts, none twice, as many as the others; the published one comes first."""
    prompts = Config.fromfile(CONFIGS / 'downstream/chexpert5x200_zeroshot.py').prompts
    assert list(prompts) == CLASSES
    assert len({len(texts) for texts in prompts.values()}) == 1 and len(prompts['Edema']) > 1
    assert len({text for texts in prompts.values() for text in texts}) == sum(map(len, prompts.values()))
    assert all(texts[0] == f'{name.capitalize()} is observed' for name, texts in prompts.items())
