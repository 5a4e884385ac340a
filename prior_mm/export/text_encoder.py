"""The text encoder as a Hugging Face folder: config.json, model.safetensors, tokenizer."""
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from prior_mm.checkpoints.model_weights import load_weights
from prior_mm.checkpoints.text_side import PIN, check_text_side
from prior_mm.models.encoders import TextEncoder
from prior_mm.models.encoders.hugging_face import UNSAFE, hugging_face_config
from prior_mm.tokenizer import describe_tokenizer, load_tokenizer

from .source import Source

_PREFIX = 'text_encoder.encoder.'


def text_config(source: Source, tokenizer: str | None = None) -> dict[str, Any]:
    """The architecture of the text encoder, as arguments of ``AutoConfig.for_model``.

    Args:
        source: The checkpoint.
        tokenizer: A Hugging Face folder that holds the architecture, too, for a run whose own is not on this machine.

    Raises:
        FileNotFoundError: If the run took a pretrained text encoder that is not on this machine.
        ValueError: If the config would bring code of its own.
    """
    given = source.model['text_encoder']
    if given.get('config'):
        config = {'model_type': 'bert', **given['config']}
    else:
        config = _config_of(tokenizer if tokenizer and Path(tokenizer, 'config.json').is_file() else
                            given.get('pretrained'))
    unsafe = [key for key in config if key in UNSAFE]
    if unsafe:
        raise ValueError(f'the config of the text encoder asks for code or quantization ({", ".join(unsafe)}), which '
                         'is not followed')
    config = {key: value for key, value in config.items() if not key.startswith('_') and key != PIN}
    embeddings = source.part(_PREFIX).get('embeddings.word_embeddings.weight')
    if embeddings is not None:
        config['vocab_size'] = embeddings.shape[0]
    return config


def write_text_encoder(source: Source, folder: Path, tokenizer: str | None = None) -> TextEncoder:
    """Write the text encoder and its tokenizer, whose description stands in ``config.json``, too.

    Args:
        source: The checkpoint.
        folder: Where to; it is there already.
        tokenizer: A vocabulary file, folder or name; by default the one that the run's config names.

    Raises:
        FileNotFoundError: If the tokenizer or the architecture is not on this machine.
        ValueError: If they do not fit the weights.
    """
    encoder = TextEncoder(config=text_config(source, tokenizer))
    load_weights(encoder.encoder, source.part(_PREFIX), source.name, strict=True)
    loaded = find_tokenizer(source, tokenizer)
    if len(loaded) > encoder.encoder.config.vocab_size:
        raise ValueError(f'the tokenizer has {len(loaded)} word pieces, the text encoder '
                         f'{encoder.encoder.config.vocab_size}: give the one of the run with --tokenizer')
    setattr(encoder.encoder.config, PIN, describe_tokenizer(loaded))  # transformers keeps what it does not know
    if encoder.max_length:
        loaded.model_max_length = encoder.max_length
    encoder.encoder.save_pretrained(folder, safe_serialization=True)
    loaded.save_pretrained(folder)
    return encoder


def find_tokenizer(source: Source, tokenizer: str | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer of the run, or the one given.

    Raises:
        FileNotFoundError: If it is not on this machine.
        ValueError: If the run's config names none, or it is another one than the checkpoint was trained with.
    """
    step = source.tokenizer()
    name = tokenizer or step.get('tokenizer')
    if not name:
        raise ValueError(f'the config of {source.name} names no tokenizer: give --tokenizer FILE_OR_FOLDER')
    try:
        loaded = load_tokenizer(name, lowercase=step.get('lowercase'))
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{error}\nor give the one of the run with --tokenizer FILE_OR_FOLDER') from error
    check_text_side(dict(describe_tokenizer(loaded), source=name), source.meta, source.name)
    return loaded


def _config_of(pretrained: str | None) -> dict[str, Any]:
    try:
        return hugging_face_config(str(pretrained)).to_dict()
    except (OSError, ValueError, TypeError) as error:
        raise FileNotFoundError(
            f'the architecture of the text encoder is that of {pretrained}, which is not on this machine, and nothing '
            f'is fetched unasked: give its folder (config.json, vocab.txt) with --tokenizer ({error})') from error
