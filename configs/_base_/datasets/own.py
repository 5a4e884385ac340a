# Pairs of one's own as `python tools/dataset_converters/table.py` leaves them: OWN_ROOT says where, OWN_REPEAT which
# set of splits (seed0, fold0, given). Images and reports are made ready as MIMIC-CXR's.
_base_ = './mimic_cxr.py'
data_root = '{{$OWN_ROOT:data/mine}}'
annotations = 'annotations/own/{{$OWN_REPEAT:seed0}}/pretraining'

train_dataloader = dict(
    batch_size=32, num_workers=4, dataset=dict(data_root=data_root, ann_file=f'{annotations}/train.json'))
val_dataloader = dict(
    batch_size=32, num_workers=4, dataset=dict(data_root=data_root, ann_file=f'{annotations}/val.json'))
test_dataloader = dict(
    batch_size=32, num_workers=4, dataset=dict(data_root=data_root, ann_file=f'{annotations}/test.json'))

val_evaluator = dict(protocol='own/1')
test_evaluator = val_evaluator
