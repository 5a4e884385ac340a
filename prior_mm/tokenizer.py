"""The tokenizer of the text encoder, from a vocabulary file, a local folder or a name: offline unless told."""
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, BertTokenizerFast, PreTrainedTokenizerFast

_NEEDED = ('pad_token_id', 'unk_token_id', 'cls_token_id', 'sep_token_id')


def load_tokenizer(source: str, local_files_only: bool = True,
                   lowercase: 'bool | None' = None) -> PreTrainedTokenizerFast:
    """Load a Hugging Face fast tokenizer without touching the network.

    Args:
        source: A WordPiece vocabulary file (``vocab.txt``, one piece a line), a folder with a Hugging Face tokenizer,
            or the name of one that is in the local Hugging Face cache.
        local_files_only: False lets Hugging Face fetch a name that is not there.
        lowercase: Whether text is lower-cased first. ``None`` keeps what a folder or name says, and for a vocabulary
            file decides by whether it holds a capital outside its special pieces. Bio_ClinicalBERT has a cased
            vocabulary but no such setting, so that Hugging Face lower-cases for it; so did the published PRIOR.
            ``False`` uses its capitals.

    Returns:
        A tokenizer that neither pads nor truncates by itself and has padding, unknown, start and end pieces.

    Raises:
        FileNotFoundError: If there is no such file or folder, nor such a name in the cache.
        ValueError: If what is there is no fast tokenizer with the special pieces of BERT.
    """
    path = Path(source).expanduser()
    if path.is_file():
        tokenizer = _from_vocabulary(path, lowercase)
    elif path.suffix == '.txt':
        raise FileNotFoundError(f'There is no vocabulary file {path}. For the demo data, '
                                '`python tools/dataset_converters/demo.py data/demo` writes data/demo/vocab.txt')
    else:
        tokenizer = _from_hugging_face(source, path, local_files_only, lowercase)

    missing = [name for name in _NEEDED if getattr(tokenizer, name, None) is None]
    if missing:
        raise ValueError(f'The tokenizer {source} lacks {", ".join(missing)}: PRIOR needs a BERT-like tokenizer with '
                         'padding, unknown, start and end pieces')
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def holds_a_word(token_ids: Iterable[int], unknown: int) -> bool:
    """Whether there is a word piece, and not the one for unknown words (id ``unknown``) alone, which says nothing."""
    return any(token != unknown for token in token_ids)


def describe_tokenizer(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """What a tokenizer is told by, wherever its files lie, as plain data.

    Returns:
        ``sha256`` of its word pieces in the order of their ids, and of the merges of those that have some; how many
        ``pieces``; whether it makes letters small (``lowercase``) and takes accents off (``strip_accents``); the
        ``special`` pieces with their ids.
    """
    backend = tokenizer.backend_tokenizer
    model = json.loads(backend.to_str())['model']
    merges = [' '.join(pair) if isinstance(pair, list) else pair for pair in model.get('merges') or ()]
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    normalised = backend.normalizer.normalize_str if backend.normalizer else str
    special = {name: [piece, tokenizer.convert_tokens_to_ids(piece)]
               for name, piece in sorted(tokenizer.special_tokens_map.items()) if isinstance(piece, str)}
    return dict(sha256=hashlib.sha256(json.dumps([pieces, merges]).encode()).hexdigest(), pieces=len(pieces),
                lowercase=normalised('A') == 'a', strip_accents=normalised('\u00e9') == 'e', special=special)


def _from_vocabulary(path: Path, lowercase: 'bool | None') -> BertTokenizerFast:
    try:
        pieces = path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a vocabulary file: it is not UTF-8 text ({error})') from None
    lacking = [piece for piece in ('[PAD]', '[UNK]', '[CLS]', '[SEP]') if piece not in pieces]
    if lacking:
        raise ValueError(f'{path} is not a BERT vocabulary, one piece a line: it lacks {", ".join(lacking)}')
    if lowercase is None:
        lowercase = not any(piece != piece.lower() for piece in pieces if not piece.startswith('['))
    return BertTokenizerFast(str(path), do_lower_case=lowercase)  # the keyword is another one from transformers 5 on


def _from_hugging_face(source: str, path: Path, local_files_only: bool,
                       lowercase: 'bool | None') -> PreTrainedTokenizerFast:
    options = {} if lowercase is None else {'do_lower_case': lowercase}
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(path) if path.is_dir() else source, local_files_only=local_files_only or path.is_dir(),
            trust_remote_code=False, use_fast=True, **options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if path.is_dir() and _names_code(path) and (path / 'vocab.txt').is_file():  # CXR-BERT: WordPiece, as BERT's
            return BertTokenizerFast.from_pretrained(str(path), local_files_only=True, **options)
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if path.is_dir():
            raise ValueError(f'The folder {path} holds no tokenizer that can be read (wanted: tokenizer.json, or '
                             f'config.json and vocab.txt): {reason}') from error
        raise FileNotFoundError(
            f'There is no tokenizer {source}: no such folder or vocabulary file, and it is not in the local Hugging '
            f'Face cache. Nothing was fetched. On a connected machine run\n'
            f'    huggingface-cli download {source} --local-dir checkpoints/{Path(source).name}\n'
            f'copy that folder here and give its path instead of the name. ({reason})') from error
    if not getattr(tokenizer, 'is_fast', False):
        raise ValueError(f'The tokenizer {source} has no fast version (tokenizer.json or vocab.txt)')
    return tokenizer


def _names_code(folder: Path) -> bool:
    """Whether a folder's configs ask for Python of its own, which is never run."""
    return any(path.is_file() and 'auto_map' in path.read_text(encoding='utf-8', errors='replace')
               for path in (folder / 'tokenizer_config.json', folder / 'config.json'))
