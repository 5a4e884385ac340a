# Retrieval among the demo's held-out studies (SYNTHETIC images) that show exactly one of five findings. The demo's
# reports hold too few of CheXpert's five (12 with edema, 8 with consolidation), so that others stand for two of them.
_base_ = '../chexpert5x200_retrieval.py'
trained_by = 'configs/prior/pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'
draws = dict(_delete_=True, test='annotations/test.json')
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
    data_root=data_root, ann_file='annotations/test.json',
    exclusive_labels=['Atelectasis', 'Cardiomegaly', 'Lung Lesion', 'Lung Opacity', 'Support Devices'],
    pipeline=[
        dict(type='LoadRadiograph', size=image_size[0], view='first'),
        dict(type='ResizeRadiograph', size=image_size),
        dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
        dict(type='PackStudy')]))
test_evaluator = dict(protocol='demo/1')
