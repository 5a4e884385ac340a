"""Where Open-i lies: found in each usual arrangement, and everything that is missing named at once."""
import pytest
from made_up_mimic import jpeg

from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.openi_layout import check_some_images, find_openi_layout


@pytest.mark.parametrize('folder', ['', 'NLMCXR_png', 'images'])
@pytest.mark.parametrize('reports', ['ecgen-radiology/1.xml', '1.xml', 'NLMCXR_reports.tgz'])
def test_found(tmp_path, folder, reports):
    """Reports as XML files or as the archive, images in each usual folder; paths count from the image root."""
    image = f'{folder}/CXR1_1_IM-0001-3001.png'.lstrip('/')
    for path in (reports, image):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(jpeg())
    layout = find_openi_layout(tmp_path)
    assert layout.reports == (tmp_path / reports if reports.endswith('tgz') else (tmp_path / reports).parent)
    assert layout.image('CXR1_1_IM-0001-3001') == image
    check_some_images(layout, ['CXR7', 'CXR1_1_IM-0001-3001'])
    with pytest.raises(LayoutError, match='none of 1 .*CXR7.png'):
        check_some_images(layout, ['CXR7'])


def test_everything_missing_is_named(tmp_path):
    """One run tells all: no reports, no images, and tables given that are not there, each with its mend."""
    (tmp_path / 'NLMCXR_png.tgz').write_bytes(b'')
    with pytest.raises(LayoutError) as error:
        find_openi_layout(tmp_path, views=tmp_path / 'v.csv', split=tmp_path / 's.csv')
    for part in ('views: there is no', 'split: there is no', 'reports: ', 'ecgen-radiology', '--reports', 'images: ',
                 f'unpack {tmp_path}/NLMCXR_png.tgz', '--no-images'):
        assert part in str(error.value)
    assert str(error.value).count('\n  - ') == 4


def test_reports_alone(tmp_path):
    """Without images only if that is asked for; without a folder never."""
    (tmp_path / '1.xml').write_bytes(b'')
    with pytest.raises(LayoutError, match='images: '):
        find_openi_layout(tmp_path)
    assert find_openi_layout(tmp_path, check_images=False).image('a') == 'a.png'
    with pytest.raises(LayoutError, match='does not exist'):
        find_openi_layout(tmp_path / 'nowhere', check_images=False)
