"""Converters as a user calls them."""
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def convert(monkeypatch, capsys):
    """Calls a converter in this process: exit status, standard output and errors."""
    def call(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        monkeypatch.setenv('COLUMNS', '200')
        with pytest.raises(SystemExit) as status:
            runpy.run_path(str(ROOT / 'tools' / 'dataset_converters' / tool), run_name='__main__')
        printed = capsys.readouterr()
        return status.value.code, printed.out, printed.err

    return call
