"""Columns are guessed from common names, named by the user, or refused with those there are."""
from pathlib import Path

import pytest

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.table.columns import choose_columns

TABLE = Path('t.csv')
NIH = ['Image Index', 'Finding Labels', 'Patient ID', 'Patient Age', 'Patient Gender', 'View Position', 'boxes_1024']
NOTES = ['image', 'patient', 'view', 'finding', 'sex', 'age', 'notes', 'lung_mask', 'licence', 'source']


def test_guesses():
    """The names that NIH ChestX-ray14 and the COVID-19 collection have, and CheXpert's columns of findings."""
    found = choose_columns(TABLE, NIH, {})
    assert (found.image, found.names, found.patient, found.view) == (NIH[0], NIH[1], NIH[2], NIH[5])
    assert not found.has_reports and found.study is found.split is None
    found = choose_columns(TABLE, NOTES, {})
    assert (found.image, found.report, found.patient, found.names) == ('image', 'notes', 'patient', 'finding')
    found = choose_columns(TABLE, ['Path', 'Sex', 'Edema', 'Pleural Effusion'], {})
    assert (found.image, found.labels) == ('Path', ('Edema', 'Pleural Effusion'))
    assert '  labels     Edema, Pleural Effusion (guessed)' in list(found.describe())


def test_the_user_says():
    """What is named is taken in any case, `none` leaves a guess out, and names replace a guess at columns of labels."""
    found = choose_columns(TABLE, NOTES, dict(image='SOURCE', report='none', names='none'))
    assert found.image == 'source' and not found.has_reports and found.names is None
    assert found.guessed == ('patient', 'view')
    found = choose_columns(TABLE, NOTES, {}, ['sex'])
    assert (found.labels, found.names) == (('sex', ), None)


@pytest.mark.parametrize(('header', 'given', 'labels', 'message'), [
    (['a', 'b'], {}, None, r'none of its columns \(a, b\)'), (NOTES, dict(report='note'), None, "Is 'notes' meant"),
    (NOTES, dict(view='projection'), None, 'It has image, patient'),
    (NOTES, dict(names='finding'), ['sex'], 'leave one out')])
def test_refused(header, given, labels, message):
    """A column that is not there, or findings from two places."""
    with pytest.raises(TableError, match=message):
        choose_columns(TABLE, header, given, labels)
