"""The table at the end of a conversion: long names stay whole, sums are right, and so many examples as asked for."""
import io

from rich.console import Console

from prior_mm.converters.count_table import CountTable, print_examples


def console():
    return Console(file=io.StringIO(), width=60, highlight=False)


def test_counts_and_their_sum():
    """Thousands are set apart, what has no split has its column, and names that do not fit are folded, not cut."""
    out, table = console(), CountTable('Images', ['train', '', 'chexpert_5x200_seed114514'])
    table.add('kept', [1_000, 20, 3], 'bold')
    table.print(out)
    text = out.file.getvalue()
    assert '1,023' in text and 'no split' in text and '\u2026' not in text


def test_examples():
    """None unless asked for, and ids with brackets are printed as they are."""
    out = console()
    print_examples({'missing': ['[red]a', 'b', 'c']}, out, 0)
    assert out.file.getvalue() == ''
    print_examples({'missing': ['[red]a', 'b', 'c']}, out, 2)
    assert out.file.getvalue().splitlines() == ['missing:', '  [red]a', '  b']
