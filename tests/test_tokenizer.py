"""load_tokenizer: the three kinds of source, and what is said when one is missing."""
import json
import pickle
import socket

import pytest

from prior_mm.tokenizer import load_tokenizer

SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']


def write_vocabulary(folder, words=('heart', 'is', 'large', '.', '##ly')):
    path = folder / 'vocab.txt'
    path.write_text('\n'.join([*SPECIAL, *words]) + '\n', encoding='utf-8')
    return path


def test_vocabulary_file(tmp_path):
    """A vocabulary of lower-case pieces reads capitals too, and its padding id is its own."""
    tokenizer = load_tokenizer(str(write_vocabulary(tmp_path)))
    assert tokenizer.encode('Heart is largely.') == [2, 5, 6, 7, 9, 8, 3]
    assert tokenizer.pad_token_id == 0
    assert pickle.loads(pickle.dumps(tokenizer)).encode('heart') == [2, 5, 3]


def test_cased_vocabulary_keeps_capitals(tmp_path):
    """Capitals in the vocabulary mean a cased tokenizer, unless it is told otherwise."""
    path = str(write_vocabulary(tmp_path, ('Heart', 'heart')))
    assert load_tokenizer(path).encode('Heart', add_special_tokens=False) == [5]
    assert load_tokenizer(path, lowercase=True).encode('Heart', add_special_tokens=False) == [6]


def test_folder_without_settings_lowercases_as_published(tmp_path):
    """A folder like Bio_ClinicalBERT (config and vocabulary only) gives what Hugging Face gives; an option mends."""
    write_vocabulary(tmp_path, ('Heart', 'heart'))
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'bert'}))
    assert load_tokenizer(str(tmp_path)).encode('Heart', add_special_tokens=False) == [6]
    assert load_tokenizer(str(tmp_path), lowercase=False).encode('Heart', add_special_tokens=False) == [5]


def test_stored_truncation_is_lifted(tmp_path):
    """A tokenizer.json that truncates must not cut sentences behind our back."""
    tokenizer = load_tokenizer(str(write_vocabulary(tmp_path)))
    tokenizer.backend_tokenizer.enable_truncation(2)
    tokenizer.save_pretrained(tmp_path / 'saved')
    loaded = load_tokenizer(str(tmp_path / 'saved'))
    assert len(loaded.backend_tokenizer.encode('heart is large .', add_special_tokens=False).ids) == 4


def test_missing_name_fetches_nothing(monkeypatch):
    """A name that is not in the cache says how to get it, and opens no connection."""
    def refuse(*args, **kwargs):
        raise AssertionError('a connection was tried')

    monkeypatch.setattr(socket.socket, 'connect', refuse)
    monkeypatch.setattr(socket, 'create_connection', refuse)
    with pytest.raises(FileNotFoundError, match='huggingface-cli download some-hospital/bert'):
        load_tokenizer('some-hospital/bert')


@pytest.mark.parametrize('content, message', [
    ('heart\nlung\n', r'lacks \[PAD\]'), ('', r'lacks \[PAD\]'), (b'\xff\xfe\x00bad', 'not UTF-8')])
def test_not_a_vocabulary(tmp_path, content, message):
    """A file that is no vocabulary is refused with its name."""
    path = tmp_path / 'vocab.txt'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        load_tokenizer(str(path))


def test_missing_file_and_empty_folder(tmp_path):
    """A missing vocabulary names the command; a folder without a tokenizer names what was wanted."""
    with pytest.raises(FileNotFoundError, match=r'demo\.py'):
        load_tokenizer(str(tmp_path / 'vocab.txt'))
    with pytest.raises(ValueError, match=r'tokenizer\.json'):
        load_tokenizer(str(tmp_path))
