"""What is taken of the real Open-i reports when their headings are struck out: precision and recall of sentences.

    python tools/benchmarks/report_sections.py [--reports ARCHIVE] [--write docs/report_sections.md]

Each report that has findings is laid out as MIMIC-CXR's are, with both headings, and then with one or both struck out,
a view or a technique in their place, and with a note or an addendum below. The sentences of the file's own sections are
the truth; a sentence counts as right if it stands among them as it is. ``--write`` puts the table into the page,
between its two marks.
"""
import argparse
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.openi import OpenIReport, read_openi_reports
from prior_mm.datasets.reports import report_sentences, split_sentences

MARKS = '<!-- table: tools/benchmarks/report_sections.py -->', '<!-- end of the table -->'
HEAD = [' FINAL REPORT', ' EXAMINATION:  CHEST (PA AND LAT)', ' INDICATION:  ___-year-old with chest pain, pneumonia?']
NOTE = ' These findings were phoned to Dr. ___ at 3:15 p.m. on ___, 5 minutes after discovery.'
ADDENDUM = ' ADDENDUM:  The opacity was seen again in the right lung.\n \n It is small.'
RULE = ' ' + '_' * 78


def _wrapped(text: str, heading: str = '') -> str:
    return textwrap.fill(f'{heading}{text}', 76, initial_indent=' ', subsequent_indent=' ')


def _halves(text: str) -> list[str]:
    """Two paragraphs of one, if it has more than a sentence."""
    sentences = split_sentences(text)
    middle = (len(sentences) + 1) // 2
    return [_wrapped(' '.join(half)) for half in (sentences[:middle], sentences[middle:]) if half]


#: By name: the paragraphs below the head, of a report's findings and impression.
LAYOUTS: dict[str, Callable[[str, str], list[str]]] = {
    'both headings': lambda f, i: [_wrapped(f, 'FINDINGS:  '), _wrapped(i, 'IMPRESSION:  ')],
    'FINDINGS struck out': lambda f, i: [_wrapped(f), _wrapped(i, 'IMPRESSION:  ')],
    'FINDINGS struck out, two paragraphs': lambda f, i: [*_halves(f), _wrapped(i, 'IMPRESSION:  ')],
    'both struck out': lambda f, i: [_wrapped(f), _wrapped(i)],
    'both struck out, three paragraphs': lambda f, i: [*_halves(f), _wrapped(i)],
    'both struck out, a note below': lambda f, i: [_wrapped(f), _wrapped(i), NOTE],
    'both struck out, a note in the paragraph': lambda f, i: [_wrapped(f), _wrapped(f'{i} {NOTE.strip()}')],
    'both struck out, the technique above': lambda f, i: [
        ' PA and lateral views of the chest were obtained. Comparison is made with the study of ___.', _wrapped(f),
        _wrapped(i)],
    'CHEST, TWO VIEWS in the place of FINDINGS': lambda f, i: [_wrapped(f, 'CHEST, TWO VIEWS:  '),
                                                               _wrapped(i, 'IMPRESSION:  ')],
    'COMMENT in the place of both': lambda f, i: [_wrapped(f'{f} {i}', 'COMMENT:  ')],
    'in one paragraph with TECHNIQUE': lambda f, i: [
        _wrapped(f'PA and lateral views were obtained. {f} {i}', 'TECHNIQUE:  ')],
    'both headings, an addendum below': lambda f, i: [_wrapped(f, 'FINDINGS:  '), _wrapped(i, 'IMPRESSION:  '), RULE,
                                                      ' FINAL REPORT', ADDENDUM],
    'both struck out, an addendum below': lambda f, i: [_wrapped(f), _wrapped(i), RULE, ' FINAL REPORT', ADDENDUM],
}


def laid_out(report: OpenIReport, layout: str) -> str:
    """The report in one of :data:`LAYOUTS`, with line breaks as MIMIC-CXR has them."""
    parts = LAYOUTS[layout](' '.join(report.findings.split()), ' '.join(report.impression.split()))
    return '\n \n'.join([*HEAD, *(part for part in parts if part.strip())])


def measure(reports: list[OpenIReport], layout: str) -> tuple[float, float, float]:
    """Precision and recall of sentences over all reports, and the share of reports that come out whole, in percent."""
    taken = wanted = right = whole = 0
    for report in reports:
        truth = Counter([*split_sentences(report.impression), *split_sentences(report.findings)])
        found = Counter(report_sentences(laid_out(report, layout)))
        right += (truth & found).total()
        taken, wanted, whole = taken + found.total(), wanted + truth.total(), whole + (truth == found)
    return 100 * right / max(taken, 1), 100 * right / wanted, 100 * whole / len(reports)


def table(reports: list[OpenIReport]) -> str:
    """The table in Markdown."""
    rows = ['| what the report looks like | precision | recall | reports whole |', '| --- | --- | --- | --- |']
    for layout in LAYOUTS:
        rows.append('| ' + ' | '.join([layout, *(f'{number:.1f} %' for number in measure(reports, layout))]) + ' |')
    return '\n'.join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--reports', type=Path, help='archive or folder (default: that of the package torchxrayvision)')
    parser.add_argument('--write', type=Path, metavar='PAGE', help='put the table into this page')
    arguments = parser.parse_args()
    reports = [report for report in read_openi_reports(arguments.reports) if report.findings and report.impression]
    text = f'{len(reports):,} reports of Open-i with findings and an impression.\n\n{table(reports)}'
    print(text)
    if arguments.write:
        page = arguments.write.read_text(encoding='utf-8')
        before, _, after = page.partition(MARKS[0])
        arguments.write.write_text(f'{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after.partition(MARKS[1])[2]}',
                                   encoding='utf-8')


if __name__ == '__main__':
    main()
