# Report drafts on the demo's held-out studies (real reports, SYNTHETIC images).
_base_ = '../report_drafts.py'
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
    data_root=data_root, ann_file='annotations/test.json', pipeline=[
        dict(type='LoadRadiograph', size=image_size[0], view='first'),
        dict(type='ResizeRadiograph', size=image_size),
        dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
        dict(type='PackStudy')]))
test_evaluator = dict(protocol='demo/1')
test_cfg = dict(archive=dict(data_root=data_root))
