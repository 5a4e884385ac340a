"""A folder with one part of a checkpoint and its card, whole or not at all."""
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from safetensors.torch import save_file
from torch import Tensor

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.tokenizer import load_tokenizer

from .backbone import Names, export_backbone, timm_config
from .card import image_rows, model_card, read_results, text_rows
from .int8 import read_films, write_int8
from .joint import load_joint, write_joint, write_json
from .onnx_graphs import ONNX_CARD, write_onnx
from .source import Source, read_source
from .text_encoder import write_text_encoder
from .transformers_backbone import processor_config, transformers_config

Part = Literal['image', 'text', 'joint', 'onnx']
Format = Literal['safetensors', 'pth']


def export(checkpoint: str | Path, out: str | Path, part: Part, names: str | None = None, channels: int = 1,
           file_format: Format = 'safetensors', config: str | None = None, tokenizer: str | None = None,
           results: str | None = None, licence: str | None = None, int8: str | None = None) -> list[str]:
    """Write one part of a checkpoint with a model card.

    Args:
        checkpoint: The checkpoint.
        out: The folder to make.
        part: ``'image'``: the image encoder's backbone. ``'text'``: the text encoder as a Hugging Face folder.
            ``'joint'``: the whole model. ``'onnx'``: the whole model as graphs for onnxruntime.
        names: Of the image encoder's parameters: ``'mm'`` (the default), ``'timm'``, ``'torchvision'`` or
            ``'transformers'``. Of the text encoder's they are ``'huggingface'``'s.
        channels: Input channels of the image encoder, 1 or 3.
        file_format: ``'safetensors'``, or ``'pth'``: a file of PyTorch with plain tensors.
        config: A config file, for checkpoints that do not hold theirs.
        tokenizer: A vocabulary file, folder or name; by default the one of the config.
        results: A results file of ``tools/test.py`` for the card.
        licence: Of the weights, for the card.
        int8: A folder with films: graphs are also written in 8 bits, by the ranges that these have in the model.

    Returns:
        Names of the files written.

    Raises:
        FileNotFoundError: If a file that is needed is not there.
        FileExistsError: If the folder is there and not empty.
        ValueError: If the options or the files do not fit each other.
    """
    out = Path(out)
    _check_options(part, names, channels, file_format, int8)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f'{out} is there and not empty: give another folder, or remove it')
    source = read_source(checkpoint, config)
    scores = read_results(results, source) if results else None
    unfinished = out.with_name(out.name + '.part')
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        weights = f'model.{file_format}'
        if part == 'image':
            card = _image(source, unfinished, weights, _image_names(names), channels)
        elif part == 'text':
            card = _text(source, unfinished, tokenizer)
        elif part == 'joint':
            card = _joint(source, unfinished, weights, tokenizer)
        else:
            card = _onnx(source, unfinished, tokenizer, int8)
        (unfinished / 'README.md').write_text(model_card(source, *card, scores, licence), encoding='utf-8')
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return sorted(path.relative_to(out).as_posix() for path in out.rglob('*') if path.is_file())


def _check_options(part: str, names: str | None, channels: int, file_format: str, int8: str | None) -> None:
    possible = {'image': get_args(Names), 'text': ('huggingface', ), 'joint': (), 'onnx': ()}
    if part not in possible:
        raise ValueError(f'the part is one of {", ".join(possible)}, not {part!r}')
    if names is not None and names not in possible[part]:
        raise ValueError(f'the part {part!r} has no names {names!r}: '
                         f'{" or ".join(possible[part]) or "it keeps its own, leave --names out"}')
    if channels != 1 and part != 'image':
        raise ValueError(f'--channels is for --part image; the part {part!r} takes one channel or none')
    if int8 is not None and part != 'onnx':
        raise ValueError(f'--int8 is for --part onnx, not for {part!r}')
    if file_format not in get_args(Format):
        raise ValueError(f'the format is one of {", ".join(get_args(Format))}, not {file_format!r}')
    if file_format == 'pth' and (part in ('text', 'onnx') or names == 'transformers'):
        raise ValueError(f'the part {part!r} holds {"graphs" if part == "onnx" else "model.safetensors"}: leave '
                         '--format out')


def _image_names(names: str | None) -> Names:
    return next((name for name in get_args(Names) if name == names), 'mm')


def _image(source: Source, folder: Path, weights: str, names: Names,
           channels: int) -> tuple[str, dict[str, str], list[tuple[str, str]], str]:
    """Write the image encoder's backbone; the arguments of its card."""
    backbone = export_backbone(source, names, channels)
    _write_weights(backbone.weights, folder / weights)
    preprocessing = {**source.preprocessing, 'channels': channels}
    ours = dict(backbone=backbone.config, names=names, preprocessing=preprocessing)
    if names == 'transformers':
        write_json(folder / 'config.json', dict(transformers_config(backbone.weights, backbone.config), prior_mm=ours))
        write_json(folder / 'preprocessor_config.json', processor_config(preprocessing))
        loading = ''
    else:
        for_timm = timm_config(backbone, preprocessing) if names == 'timm' else {}
        write_json(folder / 'config.json', dict(for_timm, **ours))
        loading = f'{_loading(weights)}\nmodel.load_state_dict(weights, strict=True)\n'
    code = f'import torch\n{backbone.build}\n{loading}model.eval()\nfeatures = {backbone.features}'
    what = (f'Image encoder of a PRIOR model, the backbone alone, with parameter names of {names} and {channels} input '
            f'channel{"" if channels == 1 else "s"}. Its attention pooling and its projection to the joint space are '
            'in an export of the joint model only.')
    files = {weights: f'{len(backbone.weights)} tensors', 'config.json': 'architecture and preprocessing'}
    return what, files, image_rows(source, channels), code


def _text(source: Source, folder: Path,
          tokenizer: str | None) -> tuple[str, dict[str, str], list[tuple[str, str]], str]:
    """Write the text encoder; the arguments of its card."""
    encoder = write_text_encoder(source, folder, tokenizer).encoder
    # Of the encoders with a pooler, those that can be built without one: else transformers draws a random one.
    without = ', add_pooling_layer=False' if hasattr(encoder, 'pooler') else ''
    layers = int(source.model['text_encoder'].get('last_layers', 1))
    features = ('model(**pieces).last_hidden_state' if layers == 1 else
                f'sum(model(**pieces, output_hidden_states=True).hidden_states[-{layers}:])')
    code = ('from transformers import AutoModel, AutoTokenizer\n\n'
            "tokenizer = AutoTokenizer.from_pretrained('.')  # the folder of this file\n"
            f"model = AutoModel.from_pretrained('.'{without}).eval()\n"
            "pieces = tokenizer('The heart is enlarged.', return_tensors='pt')\n"
            f'word_pieces = {features}')
    what = ('Text encoder of a PRIOR model, in the layout of Hugging Face. Its projection to the joint space, the '
            'sentence prototype bank and the pooling over sentences are in an export of the joint model only.')
    files = {'model.safetensors': f'{len(encoder.state_dict())} tensors', 'config.json': 'architecture',
             'tokenizer.json, vocab.txt ...': 'the tokenizer of the training'}
    return what, files, _text_rows(source, folder), code


def _joint(source: Source, folder: Path, weights: str,
           tokenizer: str | None) -> tuple[str, dict[str, str], list[tuple[str, str]], str]:
    """Write the whole model; the arguments of its card."""
    write_joint(source, folder, tokenizer)
    parameters = source.part('')
    _write_weights(parameters, folder / weights)
    code = ("from prior_mm.export import load_joint\n\nmodel = load_joint('.')  # the folder of this file\n"
            '# images (B, 1, H, W) in [0, 1], reports a prior_mm.structures.Reports made with tokenizer/\n'
            "predictions = model.test_step(dict(inputs=images, reports=reports))  # 'image_embedding', ...")
    what = ('Joint model of PRIOR, both encoders and all that stands between and behind them, with the names of '
            'prior_mm.')
    files = {weights: f'{len(parameters)} tensors', 'config.json': 'the model',
             'preprocessing.json': 'what goes in', 'tokenizer/': 'the tokenizer of the training'}
    return what, files, image_rows(source, 1) + _text_rows(source, folder / 'tokenizer'), code


def _onnx(source: Source, folder: Path, tokenizer: str | None,
          int8: str | None) -> tuple[str, dict[str, str], list[tuple[str, str]], str]:
    """Write the graphs of the whole model; the arguments of their card."""
    if not source.preprocessing['size']:
        raise ValueError(f'{source.name} does not say the size of its images, for which the graphs are made')
    films = read_films(int8, source) if int8 else []
    with TemporaryDirectory() as joint:
        _joint(source, Path(joint), 'model.safetensors', tokenizer)
        for name in ('preprocessing.json', 'tokenizer'):
            shutil.move(Path(joint) / name, folder / name)
        (Path(joint) / 'tokenizer').symlink_to((folder / 'tokenizer').resolve())
        model = load_joint(joint)
    write_onnx(model, folder, tuple(source.preprocessing['size']))
    what = ('Joint model of PRIOR, as graphs that need onnxruntime alone. The images are normalised in the graph; all '
            'outputs but scores are unit vectors and cosines.')
    files = {'image_encoder.onnx': 'images to their vectors and those of their patches',
             'text_encoder.onnx': 'reports to their vectors and those of their sentences',
             'joint.onnx': 'vectors to scores and heat maps', 'preprocessing.json': 'what goes in',
             'tokenizer/': 'the tokenizer of the training'}
    if films:
        lowest = write_int8(folder, films)
        files['image_encoder_int8.onnx'] = ('the same in 8 bits, to be taken in its place; on the '
                                            f'{len(films)} films of its ranges a cosine of at least {lowest:.3f} '
                                            'with the vectors in float32')
        files['text_encoder_int8.onnx'] = 'likewise; word pieces, sentences and reports as above'
    rows = [row for row in image_rows(source, 1) if row[0] not in ('mean', 'standard deviation')]
    return what, files, rows + _text_rows(source, folder / 'tokenizer'), ONNX_CARD


def _text_rows(source: Source, tokenizer: Path) -> list[tuple[str, str]]:
    # What was written is asked: whether the tokenizer makes letters small is not for the config to say alone.
    written = load_tokenizer(str(tokenizer))
    lowercase = written.tokenize('Heart') == written.tokenize('heart')
    return text_rows(source.tokenizer().get('max_length', 256), lowercase)


def _write_weights(weights: dict[str, Tensor], path: Path) -> None:
    if path.suffix == '.safetensors':
        save_file(weights, path, metadata={'format': 'pt'})
    else:
        save_checkpoint(dict(weights), path)


def _loading(weights: str) -> str:
    if weights.endswith('.safetensors'):
        return f"from safetensors.torch import load_file\nweights = load_file('{weights}')"
    return f"weights = torch.load('{weights}', weights_only=True)"
