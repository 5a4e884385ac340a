"""Labels from the text of Open-i's reports against their MeSH codes: precision, recall and F1 a finding, and speed.

    python tools/benchmarks/report_labels.py [--half read] [--reports ARCHIVE] [--show 100] [--seed 0]

The phrases were written while reading one half of the reports; figures are of the other. Codes say only what is there,
so each label is scored twice: with uncertain as negative, and as positive. ``--show`` prints a sample of the
disagreements, the same for the same seed: report, finding, its label, the sentences, and the codes. What was read in
them is in docs/report_labels.md.
"""
import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sklearn.metrics import precision_recall_fscore_support

from prior_mm.converters.downstream.chexpert_labels import FINDINGS
from prior_mm.converters.openi import read_openi_reports
from prior_mm.converters.report_labels.codes import coded_findings, half
from prior_mm.converters.report_labels.labeller import POSITIVE, UNCERTAIN, ReportLabeller
from prior_mm.datasets.reports import split_sentences


def speed(reports: list[list[str]], remember: bool) -> float:
    """Reports a second of processor time."""
    labeller = ReportLabeller()
    if not remember:
        labeller.sentence_labels = labeller.sentence_labels.__wrapped__  # type: ignore[assignment]
    labeller.labels(['No pneumothorax.'])
    start = time.process_time()
    for sentences in reports:
        labeller.labels(sentences)
    return len(reports) / (time.process_time() - start)


def scores(coded: list[bool], found: list[bool]) -> str:
    """Precision, recall and F1 in percent, as three columns."""
    figures = precision_recall_fscore_support(coded, found, average='binary', zero_division=0)[:3]
    return ' | '.join(f'{100 * figure:.1f}' for figure in figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--half', choices=('read', 'held out'), default='held out', help='default: held out')
    parser.add_argument('--reports', help='archive or folder of Open-i reports, if not that of torchxrayvision')
    parser.add_argument('--show', type=int, default=0, metavar='N', help='print N disagreements')
    parser.add_argument('--seed', type=int, default=0, help='of the sample (default: 0)')
    arguments = parser.parse_args()
    reports = [(report, coded) for report in read_openi_reports(arguments.reports)
               if half(report) == arguments.half and (report.findings or report.impression)
               and (coded := coded_findings(report.mesh)) is not None]
    sentences = [split_sentences(report.impression) + split_sentences(report.findings) for report, _ in reports]
    labeller = ReportLabeller()
    labels = [labeller.labels(found) for found in sentences]
    print(f'{len(reports):,} reports with codes, half: {arguments.half}\n')
    print('| finding | coded | positive | uncertain | denied | precision | recall | F1 | precision (u) | recall (u) '
          '| F1 (u) |\n|' + ' --- |' * 11)
    for name in FINDINGS:
        truth = [name in coded for _, coded in reports]
        values = [found.get(name) for found in labels]
        counts = ' | '.join(f'{values.count(value):,}' for value in (POSITIVE, UNCERTAIN, 0))
        print(f'| {name} | {sum(truth):,} | {counts} | {scores(truth, [value == POSITIVE for value in values])} | '
              f'{scores(truth, [value in (POSITIVE, UNCERTAIN) for value in values])} |')
    for remember in (True, False):
        print(f'{"" if remember else "no "}sentences remembered: {speed(sentences, remember):,.0f} reports/CPU s')
    differing = [(number, name) for number, (_, coded) in enumerate(reports) for name in FINDINGS
                 if (name in coded) != (labels[number].get(name) in (POSITIVE, UNCERTAIN))]
    print(f'disagreements, uncertain taken for positive: {len(differing):,} of {len(reports) * len(FINDINGS):,} labels')
    for number, name in random.Random(arguments.seed).sample(differing, min(arguments.show, len(differing))):
        report, coded = reports[number]
        print(f'\n{report.report_id} {name}: label {labels[number].get(name)}, {"" if name in coded else "not "}coded',
              ' '.join(sentences[number]), '; '.join(report.mesh), sep='\n  ')
    return 0


if __name__ == '__main__':
    sys.exit(main())
