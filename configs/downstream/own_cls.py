# Findings of a data set of one's own, its classes from the annotation files (docs/your_data.md).
#     python tools/dataset_converters/table.py data/mine
#     python tools/train.py configs/downstream/own_cls.py --data-root data/mine   (--labels 10, --pretrained FILE ...)
#     python tools/test.py configs/downstream/own_cls.py --data-root data/mine
_base_ = ['../_base_/downstream/classification.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='classification', dataset=None, classes=None, protocol='own/1', repeat=None,
                  data_root='{{$OWN_ROOT:data/mine}}', pretrained='work_dirs/pretrain_own', labels=100, frozen=None)
default_hooks = dict(checkpoint=dict(save_best='classification/auroc', rule='greater'))
