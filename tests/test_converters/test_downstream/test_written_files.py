"""Files are there as a whole or not at all, and say what they were made of, without a path of the machine."""
import hashlib
import json
import os

import pytest

from prior_mm.converters.downstream.written_files import source_hashes, write_coco
from prior_mm.files.whole_files import write_whole


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    """An error on the way keeps the old file, and nothing unfinished beside it."""
    path = tmp_path / 'a' / '1.2.3.json'
    write_whole(path, b'old')

    def fail(*_):
        raise OSError('no space left')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='no space left'):
        write_whole(path, b'new')
    assert path.read_bytes() == b'old' and list(path.parent.iterdir()) == [path]


def test_coco(tmp_path):
    """The file is JSON with all four parts, also when some are empty."""
    write_coco(tmp_path / 'a.json', dict(schema='x'), [dict(id=1, file_name='ä.dcm')], [], [dict(id=1, name='y')])
    assert json.loads((tmp_path / 'a.json').read_text(encoding='utf-8')) == dict(
        info=dict(schema='x'), categories=[dict(id=1, name='y')], images=[dict(id=1, file_name='ä.dcm')],
        annotations=[])


def test_hashes(tmp_path):
    """SHA-256 of the bytes, by the names alone."""
    (tmp_path / 'a.csv').write_bytes(b'content')
    assert source_hashes([tmp_path / 'a.csv']) == {'a.csv': hashlib.sha256(b'content').hexdigest()}
