# Phrase grounding on the demo's held-out reports (SYNTHETIC images), by the demo's pre-trained model: nothing is
# trained. The drawing program wrote the places beside the images: data/demo/grounding.
_base_ = '../ms_cxr_grounding.py'
trained_by = 'configs/prior/pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'
data_root = 'data/demo'
tokenizer = 'data/demo/vocab.txt'
image_size = (128, 128)

# The model of configs/prior/pretrain_demo.py
model = dict(
    data_preprocessor=dict(size=image_size),
    image_encoder=dict(backbone=dict(depth=18, base_channels=32), out_channels=256, grid=(4, 4)),
    text_encoder=dict(
        _delete_=True, type='TextEncoder', vocab_file=tokenizer,
        config=dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512,
                    hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
    embed_dims=128,
    sentence_decoder=dict(num_layers=2, num_heads=4, feedforward_dims=256))

test_dataloader = dict(num_workers=1, dataset=dict(
    data_root=data_root, ann_file='grounding/test.json', validation_file='grounding/validate.json', pipeline=[
        dict(type='LoadRadiograph', size=image_size[0], view='first'),
        dict(type='ResizeRadiograph', size=image_size),
        dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
        dict(type='LoadRegion', region='boxes'),
        dict(type='PackStudy')]))
# A Gaussian of 1.5 patches is wider than a third of 4 x 4 patches: all peaks would lie in a corner.
test_evaluator = [
    dict(type='GroundingMetric', map='cosine', sigma=0.5, protocol='demo/1'),
    dict(type='GroundingMetric', map='attention', sigma=0.5, protocol='demo/1', prefix='grounding_attention'),
    dict(type='GroundingMetric', map='gradient', sigma=0.5, protocol='demo/1', prefix='grounding_gradient'),
]
