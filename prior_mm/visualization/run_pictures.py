"""All pictures of a run, from its config and its folder."""
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from prior_mm.checkpoints.checkpoint import load_state_dict, read_meta
from prior_mm.checkpoints.model_weights import load_weights
from prior_mm.checkpoints.text_side import adopt_text_side, check_text_side, text_side
from prior_mm.datasets import collate_studies
from prior_mm.engine.stages import set_stage_of
from prior_mm.models.method import Method
from prior_mm.registry import DATASETS, MODELS

from .places import read_places
from .prototype_pictures import closeness, draw_prototypes, has_prototypes
from .study_pictures import choose_studies, draw_studies
from .training_curves import draw_curves, read_scalars

#: Held-out studies that are shown.
NUM_STUDIES = 4


def draw_run(config: Config, checkpoint: str) -> list[Path]:
    """Draw ``curves.png``, ``studies.png`` and, of a model with prototypes, ``prototypes.png``.

    They stand in ``<work_dir>/pictures``; the studies are of the config's test data, held out from training. Where
    places of sentences are known (``grounding/test.json``, which the demo has), those studies come first, with the
    places drawn.

    Args:
        config: The run's config, with its ``work_dir``.
        checkpoint: The weights.

    Returns:
        The pictures.

    Raises:
        FileNotFoundError: If there is no log, no checkpoint or no data; the message says what makes them.
        ValueError: If the checkpoint is one of another model or of another tokenizer, or the config has no test data.
    """
    init_default_scope(config.get('default_scope') or 'prior_mm')
    folder = Path(config.work_dir)
    records = read_scalars(folder)
    loader_name = next((name for name in ('test_dataloader', 'val_dataloader') if config.get(name)), None)
    if loader_name is None:
        raise ValueError(f'{config.filename} has neither test_dataloader nor val_dataloader: there are no held-out '
                         'studies to show')
    meta = read_meta(checkpoint)
    adopt_text_side(config, meta, loader_name)
    check_text_side(text_side(config, loader_name), meta, checkpoint)
    dataset = DATASETS.build(config[loader_name]['dataset'])
    kind = 'synthetic radiographs' if dataset.metainfo.get('synthetic') else 'radiographs'
    pictures = folder / 'pictures'
    draw_curves(records, config.get('stages') or config.get('train_cfg', {}).get('stages') or [],
                pictures / 'curves.png', f'{folder.name}: losses on {kind}')

    model = load_model(config, checkpoint)
    set_stage_of(model, meta)
    places = read_places(config[loader_name]['dataset'].get('data_root', ''))
    placed = [index for index in range(len(dataset)) if places and dataset.get_data_info(index)['images'][0] in places]
    batch = collate_studies([dataset[index] for index in choose_studies(dataset, NUM_STUDIES, set(placed))])
    samples = [{**sample, 'places': places.get(sample['image_path'])} for sample in batch['data_samples']]
    prepared = model.data_preprocessor(batch)
    draw_studies(model, prepared['inputs'], prepared['reports'], samples, pictures / 'studies.png',
                 f'{folder.name}: held-out {kind}')
    drawn = [pictures / 'curves.png', pictures / 'studies.png']
    if has_prototypes(model):
        draw_prototypes(closeness(model, dataset), pictures / 'prototypes.png',
                        f'{folder.name}: prototypes on held-out {kind}')
        drawn.append(pictures / 'prototypes.png')
    return drawn


def load_model(config: Config, checkpoint: str) -> Method:
    """The config's model with a checkpoint's weights, on the GPU if there is one.

    Raises:
        ValueError: If parameters are missing from the checkpoint, unknown to the model, or of another shape.
    """
    model = MODELS.build(config.model)
    load_weights(model, load_state_dict(checkpoint), checkpoint, strict=True)
    return model.to('cuda' if torch.cuda.is_available() else 'cpu').eval()
