"""Annotation files of made-up studies, for the tests of the data set."""
import json

METAINFO = dict(schema='prior_mm.studies/1', dataset='made up', split='train', synthetic=True, summary=dict(kept=7))


def entry(number, **changes):
    """One study of the annotation file, with one to three images."""
    images = [f'files/s{number}/{view}.png' for view in range(1 + number % 3)]
    return dict(study_id=f's{number}', subject_id=f'p{number}', images=images, views=['PA'] * len(images),
                sentences=[f'the heart {i} is clear .' for i in range(1 + number % 5)],
                labels={'Edema': number % 2, 'Nodule': int(number % 3 == 0)}, **changes)


def write_annotation(root, studies):
    """Write ``annotations/train.json`` below ``root``."""
    path = root / 'annotations' / 'train.json'
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(dict(metainfo=METAINFO, data_list=studies)))
    return path
