"""Files of phrases and boxes in the layouts of the real data sets, made up: what is read, and what is refused."""
import json

import numpy as np
import pytest

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.masks import Box
from prior_mm.converters.downstream.run_lengths import encode_run_lengths
from prior_mm.converters.grounding.kaggle import read_rsna, read_siim
from prior_mm.converters.grounding.ms_cxr import find_ms_cxr, read_ms_cxr
from prior_mm.converters.grounding.nih import read_chestx_det10, read_nih
from prior_mm.converters.grounding.padchest_gr import read_padchest_gr
from prior_mm.converters.grounding.phrase import PhraseError

PATH = 'files/p10/p10000032/s50414267/a.jpg'
HEADER = 'dicom_id,category_name,label_text,path,x,y,w,h,image_width,image_height'


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_ms_cxr_table_and_json_say_the_same(tmp_path):
    """Several boxes of a phrase are one place; CSV of both versions and COCO JSON agree."""
    rows = [f'a,Pneumonia,"left  base, opacity",{PATH},10,20,30,40,2500,3000',
            f'a,Pneumonia,"left  base, opacity",{PATH},100,20,30,40,2500,3000',
            f'a,Edema,edema,{PATH},0,0,5,5,2500,3000']
    old = read_ms_cxr(write(tmp_path, 'old.csv', '\n'.join([HEADER, *rows])))
    new = read_ms_cxr(write(tmp_path, 'new.csv', '\n'.join([f'{HEADER},split', *(f'{row},val' for row in rows)])))
    coco = read_ms_cxr(write(tmp_path, 'coco.json', dict(
        images=[dict(id=1, file_name='a.jpg', path=PATH, width=2500, height=3000)],
        categories=[dict(id=7, name='Pneumonia'), dict(id=8, name='Edema')],
        annotations=[dict(image_id=1, category_id=7, label_text='left base, opacity', bbox=[10, 20, 30, 40]),
                     dict(image_id=1, category_id=7, label_text='left base, opacity', bbox=[100, 20, 30, 40]),
                     dict(image_id=1, category_id=8, label_text='edema', bbox=[0, 0, 5, 5])])))
    assert old == coco and len(old) == 2 and [phrase.split for phrase in new] == ['val', 'val']
    assert old[0].boxes == (Box(10, 20, 30, 40), Box(100, 20, 30, 40)) and old[0].patient == 'p10000032'
    assert (old[0].phrase, old[0].width, old[0].height) == ('left base, opacity', 2500, 3000)


def test_ms_cxr_table_is_found_before_json(tmp_path):
    """Only the table knows the splits."""
    assert find_ms_cxr(tmp_path) is None
    write(tmp_path, 'MS_CXR_Local_Alignment_v1.1.0.json', {})
    table = write(tmp_path, 'MS_CXR_Local_Alignment_v1.1.0.csv', HEADER)
    assert find_ms_cxr(tmp_path) == table


def test_nih_both_tables(tmp_path):
    """Its own list, whose header has commas between brackets, and a column of JSON."""
    own = read_nih(write(tmp_path, 'own.csv', 'Image Index,Finding Label,Bbox [x,y,w,h],,,\n'
                         '00013118_008.png,Atelectasis,225.5,547,86.5,79,,,\n'))
    column = read_nih(write(tmp_path, 'column.csv', 'Image Index,boxes_1024\n'
                            '00013118_008.png,"[[""Atelectasis"", 225.5, 547, 86.5, 79]]"\n1_0.png,\n'))
    assert own == column and own[0].phrase == 'There is atelectasis.' and own[0].patient == '00013118'
    assert own[0].boxes == (Box(225.5, 547, 86.5, 79), ) and own[0].width == 1024


def test_chestx_det10_corners_to_sizes(tmp_path):
    """x1, y1, x2, y2 become x, y, width, height; boxes of one finding are one place."""
    content = [dict(file_name='00000042_006.png', syms=['Fibrosis', 'Fibrosis', 'Mass'],
                    boxes=[[632, 721, 909, 969], [129, 611, 474, 909], [1, 2, 4, 6]]),
               dict(file_name='2_0.png', syms=[], boxes=[])]
    fibrosis, mass = read_chestx_det10(write(tmp_path, 'test.json', content), 'test', 'Signs of {finding}')
    assert fibrosis.boxes == (Box(632, 721, 277, 248), Box(129, 611, 345, 298)) and fibrosis.split == 'test'
    assert (mass.phrase, mass.boxes) == ('Signs of mass', (Box(1, 2, 3, 4), ))


def test_padchest_gr_sentences_with_boxes(tmp_path):
    """Sentences without a box are left out; splits and patients come from the table."""
    content = [dict(StudyID='s1', ImageID='i1.png', findings=[
        dict(sentence_en='Right pleural effusion.', boxes=[[.1, .5, .3, .9]], labels=['pleural effusion']),
        dict(sentence_en='Normal heart.', abnormal=False)])]
    table = write(tmp_path, 'master_table.csv', 'StudyID,PatientID,split,label\ns1,p9,validation,x\n')
    phrase, = read_padchest_gr(write(tmp_path, 'reports.json', content), table)
    assert (phrase.image, phrase.finding, phrase.patient, phrase.split) == ('i1.png', 'pleural effusion', 'p9',
                                                                           'validation')
    assert phrase.boxes[0] == pytest.approx((.1, .5, .2, .4)) and phrase.width is None
    assert read_padchest_gr(tmp_path / 'reports.json')[0].patient == 's1'


def test_rsna_and_siim_with_a_prompt(tmp_path):
    """Only images with the finding have a phrase: RSNA's with boxes, SIIM's with a mask."""
    boxes = write(tmp_path, 'rsna.csv', 'patientId,x,y,width,height,Target\na,1,2,3,4,1\na,10,2,3,4,1\nb,,,,,0\n')
    phrase, = read_rsna(boxes)
    assert phrase.phrase == 'There is pneumonia.' and len(phrase.boxes) == 2
    mask = np.zeros((8, 8), np.uint8)
    mask[2:4, 5] = 1
    runs = write(tmp_path, 'siim.csv', f'ImageId, EncodedPixels\nc, {encode_run_lengths(mask)}\nd, -1\n')
    phrase, = read_siim(runs, pixels=8)
    assert phrase.image == 'c' and not phrase.boxes
    np.testing.assert_array_equal(phrase.mask, mask)


@pytest.mark.parametrize('read, name, content, error, message', [
    (read_ms_cxr, 'a.csv', f'{HEADER}\na,E,t,p,1,2,x,4,9,9', TableError, 'line 2: x, y, w, h'),
    (read_ms_cxr, 'a.csv', f'{HEADER}\na,E,t,p,20,2,3,4,9,9', PhraseError, 'does not lie on the image of 9 x 9'),
    (read_ms_cxr, 'a.json', dict(images=[]), PhraseError, 'no COCO file of MS-CXR'),
    (read_ms_cxr, 'a.json', '{"images": [', PhraseError, 'not JSON'),
    (read_nih, 'a.csv', 'Image Index,boxes_1024\na,"[[""x"", 1, 2, 3]]"', TableError, 'must be four numbers'),
    (read_nih, 'a.csv', 'Image Index,boxes_1024\na,"[1]"', TableError, 'JSON list'),
    (lambda path: read_chestx_det10(path, 'test'), 'a.json', [dict(file_name='a', syms=['x'], boxes=[])], PhraseError,
     'as many boxes'),
    (read_padchest_gr, 'a.json', {}, PhraseError, 'a list of studies'),
    (read_padchest_gr, 'a.json', [dict(StudyID='s')], PhraseError, 'study 0: wanted are')])
def test_damaged_files_are_named(tmp_path, read, name, content, error, message):
    """The message says which file and place, what is wrong and what to do."""
    with pytest.raises(error, match=message) as raised:
        read(write(tmp_path, name, content))
    assert str(tmp_path / name) in str(raised.value)
