"""All 3,955 real reports of Open-i, which the package torchxrayvision carries; skipped where it is not installed."""
import re
import textwrap
import time
from collections import Counter

import pytest

from prior_mm.converters.openi import OpenIReport, find_openi_archive, read_openi_reports
from prior_mm.datasets.reports import report_sentences, split_sentences

#: Holds another report, with headings of its own, within its impression.
REPORT_IN_REPORT = 'CXR2415'


@pytest.fixture(scope='module')
def reports() -> list[OpenIReport]:
    try:
        find_openi_archive()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return list(read_openi_reports())


@pytest.fixture(scope='module')
def sentences(reports) -> dict[str, list[str]]:
    """Sentences by report: of the impression, then of the findings."""
    return {report.report_id: split_sentences(report.impression) + split_sentences(report.findings)
            for report in reports}


def as_mimic_cxr(report: OpenIReport) -> str:
    """The report with headings and wrapped lines, as MIMIC-CXR has them."""
    parts = [' FINAL REPORT', ' INDICATION:  Chest pain.', ' COMPARISON:  None.']
    parts += [textwrap.fill(f'{heading}:  {text}', 76, initial_indent=' ', subsequent_indent=' ')
              for heading, text in (('FINDINGS', report.findings), ('IMPRESSION', report.impression)) if text]
    return '\n \n'.join(parts)


def test_each_report_gives_sentences(reports, sentences):
    """Nothing is lost: where there is a word, there is a sentence, and no word appears that was not written."""
    for report in reports:
        text = f'{report.impression} {report.findings}'
        written = Counter(re.findall('[A-Za-z]{2,}', text.replace('<BR>', ' ')))
        split = Counter(re.findall('[A-Za-z]{2,}', ' '.join(sentences[report.report_id])))
        assert split <= written, report.report_id
        assert {word for word in written - split if word.strip('X')} <= {'gt', 'lt', 'amp'}, report.report_id


def test_number_of_sentences(sentences):
    """The very numbers, so that another version of the splitter does not change sentences unseen."""
    assert len(sentences) == 3955
    assert sum(map(len, sentences.values())) == 22846
    assert sum(not split for split in sentences.values()) == 28  # have neither section
    assert sum(len(split) >= 4 for split in sentences.values()) == 3663


def test_ends_of_sentences(sentences):
    """Sentences are short, hold no full stop before a capital unless it is known why, and no mark of a list."""
    every = [sentence for split in sentences.values() for sentence in split]
    assert max(len(sentence.split()) for sentence in every) < 60
    assert sum(len(sentence.split()) > 38 for sentence in every) == 2
    inside = [sentence for sentence in every if re.search(r'(?<!\bDr)(?<!\b[ap]\.m)\.\s', sentence)]
    assert not inside
    assert not [sentence for sentence in every if re.match(r'[(]?\d{1,2}[.)]\s', sentence)]
    assert not [sentence for sentence in every if re.search(r'\.\s*\.$', sentence)]


def test_sentences_stay_as_they_are(sentences):
    """A sentence is one sentence: splitting it again changes nothing."""
    every = {sentence for split in sentences.values() for sentence in split}
    assert not [sentence for sentence in every if split_sentences(sentence) != [sentence]]


def test_in_the_layout_of_mimic_cxr(reports, sentences):
    """Headings are found, and wrapped lines joined, in such a way that the same sentences come out."""
    other = {report.report_id for report in reports
             if report_sentences(as_mimic_cxr(report)) != sentences[report.report_id]}
    assert other == {REPORT_IN_REPORT}


def test_speed(reports):
    """At least 1,000 reports a second on one core, with section finding; several thousand are usual."""
    texts = [as_mimic_cxr(report) for report in reports[:1000]]
    start = time.process_time()
    for text in texts:
        report_sentences(text)
    assert len(texts) / (time.process_time() - start) > 1000
