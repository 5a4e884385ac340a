# The demo's small model, from random weights and with the vocabulary of one's own reports: for 2 CPU cores, or a first
# look (docs/your_data.md).
#     python tools/dataset_converters/table.py data/mine --resize 128
#     python tools/train.py configs/prior/pretrain_own_small.py
_base_ = './pretrain_demo.py'
data_root = '{{$OWN_ROOT:data/mine}}'
annotations = 'annotations/own/{{$OWN_REPEAT:seed0}}/pretraining'
tokenizer = f'{data_root}/{annotations}/vocab.txt'

train_pipeline, test_pipeline = (
    [{**step, 'tokenizer': tokenizer} if step.type == 'TokenizeReport' else step for step in pipeline]
    for pipeline in (_base_.train_pipeline, _base_.test_pipeline))
model = dict(text_encoder=dict(vocab_file=tokenizer))
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/train.json',
                                     pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/val.json', pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, ann_file=f'{annotations}/test.json', pipeline=test_pipeline))
val_evaluator = dict(protocol='own/1')
test_evaluator = val_evaluator
