# CheXpert 5x200 and the phrases of MS-CXR for the other methods, as configs/downstream/ has them for PRIOR.
_base_ = './chexpert_prompts.py'
films = dict(
    type='LabelledRadiographs', data_root='{{$CHEXPERT_ROOT:data/CheXpert-v1.0-small}}',
    ann_file='annotations/chexpert_5x200.json', classes=list(_base_.prompts), pipeline=[
        dict(type='LoadRadiograph', size=224, view='first'),
        dict(type='ResizeRadiograph', size=(224, 224)),
        dict(type='PackStudy')])
maps = ('cosine', 'attention', 'gradient')
phrases = dict(
    type='PhraseGrounding', ann_file='annotations/grounding/test.json',
    validation_file='annotations/grounding/validate.json', pipeline=[
        dict(type='LoadRadiograph', size=224, view='first'),
        dict(type='ResizeRadiograph', size=(224, 224)),
        dict(type='TokenizeReport', tokenizer='{{$PRIOR_TEXT_ENCODER:emilyalsentzer/Bio_ClinicalBERT}}',
             max_length=256, words=True),
        dict(type='LoadRegion', region='boxes'),
        dict(type='PackStudy')])
of_maps = [
    dict(type='GroundingMetric', map='cosine', protocol='prior_mm/1'),
    dict(type='GroundingMetric', map='attention', protocol='prior_mm/1', prefix='grounding_attention'),
    dict(type='GroundingMetric', map='gradient', protocol='prior_mm/1', prefix='grounding_gradient'),
]
