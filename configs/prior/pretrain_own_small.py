# The demo's small model, from random weights and with the vocabulary of one's own reports: for 2 CPU cores, or a first
# look (docs/your_data.md).
#     python tools/dataset_converters/table.py data/mine --resize 128
#     python tools/train.py configs/prior/pretrain_own_small.py
_base_ = './pretrain_demo.py'
data_root = '{{$OWN_ROOT:data/mine}}'
annotations = 'annotations/own/{{$OWN_REPEAT:seed0}}/pretraining'
tokenizer = f'{data_root}/{annotations}/vocab.txt'
image_size = (128, 128)

train_pipeline = [
    dict(type='LoadRadiograph', size=image_size[0]),
    dict(type='ResizeRadiograph', size=image_size),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='RandomFlipRadiograph', prob=0.5),
    dict(type='ShuffleSentences', subset_prob=0.5),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
test_pipeline = [
    dict(type='LoadRadiograph', size=image_size[0], view='first'),
    dict(type='ResizeRadiograph', size=image_size),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]

model = dict(text_encoder=dict(vocab_file=tokenizer))
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/train.json',
                                     pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/val.json', pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/test.json', pipeline=test_pipeline))
val_evaluator = dict(protocol='own/1')
test_evaluator = val_evaluator
