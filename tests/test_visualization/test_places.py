"""Places of sentences for the pictures: as the annotation file has them, in shares of the image."""
import json

from prior_mm.visualization.places import read_places


def test_boxes_by_image_and_sentence(tmp_path):
    """Pixels of a 200 x 100 image become shares; a folder without places has none."""
    assert read_places(tmp_path) == {}
    (tmp_path / 'grounding').mkdir()
    entry = dict(phrase_id='a', img_path='files/a.jpg', phrase='Mass.', finding='Lung Lesion',
                 boxes=[[50, 25, 20, 10]], width=200, height=100)
    (tmp_path / 'grounding' / 'test.json').write_text(json.dumps(dict(
        metainfo=dict(schema='prior_mm.grounding/1', classes=['Lung Lesion']), data_list=[entry])))
    assert read_places(tmp_path) == {'files/a.jpg': {'Mass.': [(.25, .25, .1, .1)]}}
