"""A short run of the fuzzing (tools/fuzz.py runs as many inputs as one likes), and what it once found."""
import time

import pytest
from fuzz_targets import TARGETS
from fuzzing import fuzz, make_input

from prior_mm.datasets.reports import report_sentences


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', TARGETS)
def test_any_bytes(name):
    """Broken bytes are read, or refused with our error in a message that names the file; nothing else, and soon."""
    outcome = fuzz(name, 300, seed=1)
    assert outcome.findings == {}
    assert outcome.inputs == 300 and outcome.outcomes['read'] > 20
    assert outcome.outcomes['refused'] > 20 or name == 'reports'


def test_inputs_are_made_again():
    """An input's number is enough to see it again; the seed makes others."""
    assert make_input('dicom', 7) == make_input('dicom', 7) != make_input('dicom', 7, seed=1)


def test_a_finding_is_told(monkeypatch):
    """An error that is none of ours, or a wait without end, is a finding with the number of its first input."""
    import fuzzing

    def check(content, path):
        if len(content) % 2:
            raise KeyError('odd')
        while len(content) % 4 == 2:
            pass
        return 'read'

    monkeypatch.setitem(fuzzing.TARGETS, 'made up', TARGETS['run_lengths']._replace(check=check))
    monkeypatch.setattr(fuzzing, 'LONGEST', 0.02)
    findings = fuzz('made up', 12).findings
    lengths = [len(make_input('made up', number)) for number in range(12)]
    assert {finding.number: count for finding, count in findings.items()} == {
        next(i for i, n in enumerate(lengths) if n % 2): sum(n % 2 for n in lengths),
        next(i for i, n in enumerate(lengths) if n % 4 == 2): sum(n % 4 == 2 for n in lengths)}
    assert any('KeyError' in finding.what for finding in findings)
    assert any('more than 0.02 s' in finding.what for finding in findings)


@pytest.mark.parametrize('unit', [' ', '\t', '\0', '\n', '_', '. ', 'A', 'a ', '1. ', '(', '\n ', '*', '&'])
def test_long_reports_of_one_thing(unit):
    """Time grows with the length: 8,000 blanks once took 9 s, in a pattern with two runs of blanks in a row."""
    start = time.process_time()
    report_sentences(unit * (200_000 // len(unit)))
    assert time.process_time() - start < 10
