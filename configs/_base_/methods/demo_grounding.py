# The phrases, places and figures of configs/downstream/demo/phrase_grounding.py for the other methods.
maps = ('cosine', 'attention', 'gradient')
phrases = dict(
    type='PhraseGrounding', ann_file='grounding/test.json', validation_file='grounding/validate.json', pipeline=[
        dict(type='LoadRadiograph', size=128, view='first'),
        dict(type='ResizeRadiograph', size=(128, 128)),
        dict(type='TokenizeReport', tokenizer='data/demo/vocab.txt', max_length=256, words=True),
        dict(type='LoadRegion', region='boxes'),
        dict(type='PackStudy')])
of_maps = [
    dict(type='GroundingMetric', map='cosine', sigma=0.5, protocol='demo/1'),
    dict(type='GroundingMetric', map='attention', sigma=0.5, protocol='demo/1', prefix='grounding_attention'),
    dict(type='GroundingMetric', map='gradient', sigma=0.5, protocol='demo/1', prefix='grounding_gradient'),
]
