"""Open-i's studies: which images are taken for frontal, which split a report comes to, what tables may say."""
import pytest
from made_up_mimic import write_table

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.openi import OpenIReport
from prior_mm.converters.openi_layout import OpenILayout
from prior_mm.converters.openi_studies import OpenIStudies, read_openi_studies

VIEWS = ('imageid', 'View Position')


@pytest.mark.parametrize('views, taken, known', [
    ('PA LL', [0], [0]), ('LL PA', [1], [1]), ('LATERAL AP PA', [1, 2], [1, 2]),
    ('PA PA', [0], [0]),      # one of the two is a lateral one as a rule: the first is not
    ('- -', [0], []), ('- AP', [1], [1]), ('PA -', [0], [0]), ('LL -', [1], []), ('- LL', [0], []), ('LL RL', [], []),
    ('PA', [0], [0]), ('-', [0], []), ('LL', [], []), ('', [], [])])
def test_frontal_images(tmp_path, views, taken, known):
    """PA and AP are believed of several images only beside a lateral one; without a view the first image is taken."""
    report = OpenIReport('CXR1', '', '', (), tuple(f'i{place}' for place in range(len(views.split()))))
    table = {f'i{place}': view.strip('-') for place, view in enumerate(views.split())}
    for known_only, expected in ((False, taken), (True, known)):
        studies = OpenIStudies(OpenILayout(tmp_path, tmp_path), [report], {}, table, known_views_only=known_only)
        found = studies.frontal_images(report)
        assert [image for _, image in found] == [f'i{place}' for place in expected]
        assert [view for view, _ in found] == [table[image] or 'frontal' for _, image in found]


def xml(number, text, image=None):
    return (f'<e><uId id="CXR{number}"/><AbstractText Label="FINDINGS">{text}</AbstractText>'
            f'<parentImage id="{image or f"CXR{number}_IM-1"}"/></e>')


@pytest.fixture
def layout(tmp_path):
    """Forty reports, each there twice under another number, and no images."""
    for number in range(80):
        (tmp_path / f'{number}.xml').write_text(xml(number, f'Finding {number % 40}.'))
    return OpenILayout(tmp_path, tmp_path)


def with_tables(layout, **tables):
    for name, rows in tables.items():
        write_table(layout.reports / f'{name}.csv.gz', rows)
    return OpenILayout(layout.reports, layout.image_root,
                       **{name: layout.reports / f'{name}.csv.gz' for name in tables})


def read(layout, **options):
    return read_openi_studies(layout, look_for_images=False, **options)


def test_drawn_split(layout):
    """Reports that say the same come into the same split; the seed decides; studies come split by split."""
    splits = {}
    for seed in (0, 1):
        studies = list(read(layout, seed=seed).studies())
        assert len(studies) == 80
        by_id = splits[seed] = {study.study_id: study.split for study in studies}
        assert all(by_id[f'CXR{number}'] == by_id[f'CXR{number + 40}'] for number in range(40))
        order = [study.split for study in studies]
        assert order == sorted(order, key=['train', 'validate', 'test'].index) and set(order) > {'train', 'test'}
    assert splits[0] != splits[1]


def test_split_of_ones_own(layout):
    """A table with ids or bare numbers; what it does not name belongs to no split."""
    layout = with_tables(layout, split=[('study_id', 'split'), ('CXR3', 'test'), ('5', 'fold')])
    studies = read(layout)
    assert studies.splits() == ['test', 'fold']
    assert [(study.study_id, study.split) for study in studies.studies()][:3] == [
        ('CXR3', 'test'), ('CXR5', 'fold'), ('CXR0', '')]


def test_tables_of_other_data(layout):
    """Tables that name nothing of the collection, or contradict themselves, are errors, not empty results."""
    with pytest.raises(TableError, match='names none of the reports'):
        read(with_tables(layout, split=[('study_id', 'split'), ('s50414267', 'train')]))
    with pytest.raises(TableError, match='names none of the images'):
        read(with_tables(layout, views=[VIEWS, ('other', 'PA')]))
    with pytest.raises(TableError, match='line 3: the image CXR1_IM-1 is AP here and PA above'):
        read(with_tables(layout, views=[VIEWS, ('CXR1_IM-1', 'PA'), ('CXR1_IM-1.png', 'ap')]))


def test_images_must_be_there_unless_said_otherwise(layout):
    """That no image of the reports is there is told before any work."""
    with pytest.raises(LayoutError, match='images: none of 64 .*CXR0_IM-1.png'):
        read_openi_studies(layout)


def test_damaged_files_and_odd_names_are_studies_with_faults(layout):
    """They count as studies that cannot be read; a name that leads elsewhere never becomes a path."""
    (layout.reports / '7.xml').write_text('<e>')
    (layout.reports / '8.xml').write_text(xml(8, 'Finding.', '../../secret'))
    studies = read(layout)
    assert len(studies) == 80
    faults = {study.study_id: study.fault for study in studies.studies() if study.fault}
    assert faults.keys() == {'7.xml', 'CXR8'}
    assert 'not XML' in faults['7.xml'] and "'../../secret' cannot be the name of a file" in faults['CXR8']
