"""Files are paired with a table's images by names and folders, and what may be another image's is an error."""
from pathlib import Path

import pytest

from prior_mm.converters.table.pair_files import pair_files

WHERE = Path('lungs')


@pytest.mark.parametrize(('image', 'file', 'fits'), [
    ('a.png', 'a.png', True), ('a', 'a.PNG', True), ('a.dcm', 'a.png', True), ('a.png', 'a.png.png', True),
    ('1.2.840', '1.2.840.png', True), ('1.2.840', '1.2.png', False), ('p1/a.png', 'a.png', True),
    ('a.png', 'lungs/a.png', True), ('p1/s1/a.png', 's1/a.png', True), ('s1/a', 'train/s1/a.png', True),
    ('C:\\films\\p1\\a.dcm', 'p1/a.png', True), ('../p1/a.png', './p1/a.png', True), ('/p1/a.png', 'p1/a.png', True),
    ('p1/a.png', 'p2/a.png', False), ('p1/s1/a.png', 'p2/s1/a.png', False), ('p1/a.png', 'p1/b.png', False),
    ('..', 'a.png', False)])
def test_one_image_and_one_file(image, file, fits):
    """Folders that both have are alike, and those of one may go on; an id's last number is no ending."""
    assert pair_files([image], [file], (), WHERE) == ({image: file} if fits else {})


def test_each_its_own():
    """Names that many images share are told apart by folders; a bare file is the bare image's, where there is one."""
    images = [f'p{number}/2.png' for number in range(2000)]
    for named, files in ((images, [f'train/{image}' for image in images]), (['2.png', *images], ['2.png', *images])):
        assert pair_files(named, files, (), WHERE) == dict(zip(named, files, strict=True))


@pytest.mark.parametrize(('images', 'files', 'others', 'message'), [
    (['p1/2.png', 'p2/2.png'], ['2.png'], [], 'lungs: 2.png may be of p1/2.png or of p2/2.png. Give it the folders'),
    (['p1/2.png'], ['2.png'], ['p1/2.png', 'p2/2.png'], 'lungs: 2.png may be of p1/2.png or of p2/2.png'),
    (['2.png'], ['left/2.png', 'right/2.png'], [], 'lungs: left/2.png and right/2.png may both be of 2.png. Keep one'),
    (['2.png'], ['2.png', '2.jpg'], [], '2.png and 2.jpg may both be of 2.png')])
def test_what_may_be_of_another(images, files, others, message):
    """None is taken for another without a word, whichever comes last."""
    with pytest.raises(ValueError, match=message):
        pair_files(images, files, others, WHERE)


def test_files_of_others():
    """Files of images that are not wanted are no fault, nor what fits none."""
    assert pair_files(['f/2'], ['f/2.png', 'l/2.png', '3.png', '4.png'], ['f/2', 'l/2', 'l/3', 'm/3'], WHERE) == {
        'f/2': 'f/2.png'}
