"""The whole model: parameters, config and preprocessing, in a folder that needs nothing else."""
import json
from pathlib import Path
from typing import Any

from mmengine.registry import init_default_scope

from prior_mm.checkpoints.checkpoint import load_state_dict
from prior_mm.checkpoints.model_weights import load_weights
from prior_mm.checkpoints.text_side import check_text_side
from prior_mm.models import PRIOR
from prior_mm.registry import MODELS
from prior_mm.tokenizer import describe_tokenizer, load_tokenizer

from .source import Source
from .text_encoder import find_tokenizer, text_config
from .whole import check_types, check_whole


def write_joint(source: Source, folder: Path, tokenizer: str | None = None) -> None:
    """Write ``config.json``, ``preprocessing.json`` and ``tokenizer/``; the parameters are written by the caller.

    The config names no file any more: the architecture of the text encoder stands in it, weights to start from do not.

    Raises:
        FileNotFoundError: If the tokenizer or the architecture is not on this machine.
        ValueError: If the checkpoint lacks a tensor of the model.
    """
    model = joint_config(source, tokenizer)
    if 'tokenizer' in model:  # a zero-shot classifier
        model['tokenizer'] = 'tokenizer'
    step = {key: value for key, value in source.tokenizer().items() if key in ('max_length', 'lowercase')}
    write_json(folder / 'preprocessing.json', dict(images=source.preprocessing,
                                                   reports=dict(max_length=256, **step) if 'max_length' not in step
                                                   else step))
    loaded = find_tokenizer(source, tokenizer)
    loaded.save_pretrained(folder / 'tokenizer')
    where = dict(model, tokenizer=str(folder / 'tokenizer')) if 'tokenizer' in model else model
    check_whole(where, source.part(''), source.name)
    training = dict(checkpoint=source.name, sha256=source.sha256, data=source.data, epoch=source.meta.get('epoch'),
                    seed=source.meta.get('seed'))
    write_json(folder / 'config.json', dict(model=model, tokenizer=describe_tokenizer(loaded), training=training))


def joint_config(source: Source, tokenizer: str | None = None) -> dict[str, Any]:
    """The config of the model without files to start from, with the losses of the stage that the checkpoint is of.

    Raises:
        FileNotFoundError: If the architecture of the text encoder is not on this machine.
    """
    model = {key: value for key, value in source.model.items() if key != 'init_cfg'}
    model['image_encoder'] = {**model['image_encoder'], 'pretrained': None}
    kept = {key: value for key, value in model['text_encoder'].items() if key == 'last_layers'}
    model['text_encoder'] = dict(type='TextEncoder', config=text_config(source, tokenizer), **kept)
    if source.losses is not None:  # they decide whether sentences stand for themselves or for prototypes
        model['loss_weights'] = source.losses
    if (temperature := source.meta.get('prototype_temperature')) is not None:
        model['prototype_bank'] = dict(model['prototype_bank'], temperature=temperature)
    return model


def load_joint(folder: str | Path) -> PRIOR:
    """Build the model of an exported folder and load its parameters strictly; for evaluation, on the CPU.

    Raises:
        FileNotFoundError: If the folder is not whole.
        ValueError: If the config names anything but this project's and the toolboxes' components, the parameters do
            not fit, or the tokenizer is not the one that was exported.
    """
    folder = Path(folder)
    weights = next((path for path in (folder / 'model.safetensors', folder / 'model.pth') if path.is_file()), None)
    if weights is None or not (folder / 'config.json').is_file():
        raise FileNotFoundError(f'{folder} is no exported joint model: wanted are config.json and model.safetensors '
                                'or model.pth')
    content = json.loads((folder / 'config.json').read_text(encoding='utf-8'))
    config = content['model']
    check_types(config)
    if 'tokenizer' in content:  # older exports do not say
        check_text_side(describe_tokenizer(load_tokenizer(str(folder / 'tokenizer'))), content, str(folder))
    init_default_scope('prior_mm')
    if 'tokenizer' in config:
        config['tokenizer'] = str(folder / config['tokenizer'])
    model = MODELS.build(config)
    load_weights(model, load_state_dict(weights), str(weights), strict=True)
    return model.eval()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that a person can read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
