"""Open-i's codes to CheXpert's findings; of the real reports, where they are at hand, labels agree with them."""
import pytest

from prior_mm.converters.downstream.chexpert_labels import FINDINGS
from prior_mm.converters.openi import OpenIReport, find_openi_archive, read_openi_reports
from prior_mm.converters.report_labels.codes import CODES, coded_findings, half
from prior_mm.converters.report_labels.labeller import ReportLabeller
from prior_mm.datasets.reports import split_sentences


def _archive():
    try:
        return find_openi_archive()
    except FileNotFoundError:
        return None


@pytest.mark.parametrize('mesh, expected', [
    (('normal', ), {'No Finding'}), (('No Indexing', ), None), ((), None),
    (('Pleural Effusion/left/small', 'Pulmonary Congestion'), {'Pleural Effusion', 'Edema'}),
    (('Catheters, Indwelling/right', ), {'Support Devices', 'No Finding'}),
    (('Calcified Granuloma/lung/apex', ), set()), (('Density/lung/base/left', ), {'Lung Opacity'}),
    (('Density/breast', 'Cardiac Shadow/borderline'), set()), (('Hydropneumothorax/apex', ),
                                                              {'Pneumothorax', 'Pleural Effusion'})])
def test_codes(mesh, expected):
    """Codes name findings as CheXpert's phrases would; devices alone are no finding; no codes say nothing."""
    found = coded_findings(mesh)
    assert found == (None if expected is None else frozenset(expected)) and set(CODES) < set(FINDINGS)


def test_halves():
    """Reports that say the same are in the same half, whatever their numbers, case and blanks."""
    assert half(OpenIReport('CXR1', 'Clear lungs.', '', (), ())) == \
        half(OpenIReport('CXR2', 'clear  LUNGS.', '', (), ()))
    texts = [half(OpenIReport('CXR1', f'Lesion {number}.', '', (), ())) for number in range(40)]
    assert set(texts) == {'read', 'held out'}


@pytest.mark.slow
@pytest.mark.skipif(_archive() is None, reason='torchxrayvision is not there')
def test_real_reports():
    """On 400 held-out reports, what is found agrees with the codes as docs/report_labels.md says."""
    reports = [report for report in read_openi_reports(_archive()) if half(report) == 'held out'
               and coded_findings(report.mesh) and (report.findings or report.impression)][:400]
    labeller, agreed, found, coded = ReportLabeller(), 0, 0, 0
    for report in reports:
        labels = labeller.labels(split_sentences(report.impression) + split_sentences(report.findings))
        positive = {name for name, value in labels.items() if value == 1}
        agreed += len(positive & coded_findings(report.mesh))
        found, coded = found + len(positive), coded + len(coded_findings(report.mesh))
    assert len(reports) == 400 and agreed / found > 0.88 and agreed / coded > 0.88
