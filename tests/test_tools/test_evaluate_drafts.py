"""The table of drafts that a page is filled with."""
import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_table():
    """A row a system with its intervals; the page has the place that it goes to."""
    spec = importlib.util.spec_from_file_location('evaluate_drafts', ROOT / 'tools/evaluate_drafts.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    metrics = {}
    for number, name in enumerate(tool.SYSTEMS):
        metrics[f'{name}/sentences'] = 4.
        for figure in ('bleu4', 'rouge_l', 'f1_micro', 'f1_macro'):
            metrics |= {f'{name}/{figure}': number / 10, f'{name}/{figure}_low': 0., f'{name}/{figure}_high': .5}
    lines = tool.table(metrics, True).splitlines()
    assert len(lines) == 6 and lines[0].startswith('| SYNTHETIC images |')
    assert lines[3] == f'| report of the nearest image |{" 0.100 (0.000 to 0.500) |" * 4} 4.00 |'
    from page_blocks import fill
    page = (ROOT / 'docs/tasks/report_drafts.md').read_text()
    assert lines[3] in fill(page, dict(measured=tool.table(metrics, True)), 'drafts')
