# Phrase grounding on MS-CXR by the protocol biovil/1: all phrases, the centre of the image, one map.
#     python tools/test.py configs/downstream/ms_cxr_biovil_grounding.py
# NEVER RUN on MS-CXR or with weights of MIMIC-CXR: neither was at hand.
_base_ = './ms_cxr_grounding.py'

model = dict(maps=('cosine', ))
test_dataloader = dict(dataset=dict(
    ann_file='annotations/grounding/all.json', validation_file=None, pipeline=[
        dict(type='LoadRadiograph', size=256, view='first'),
        dict(type='CropCentre', short_side=256, size=224),
        dict(type='TokenizeReport', tokenizer=_base_.text_encoder, max_length=256),
        dict(type='LoadRegion', region='boxes'),
        dict(type='PackStudy')]))
test_evaluator = dict(_delete_=True, type='GroundingMetric', map='cosine', enlarge='nearest', protocol='biovil/1')
