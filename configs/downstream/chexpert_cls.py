# Five findings at once on CheXpert's radiographs; labels that are not known count neither in loss nor in metric.
#     python tools/dataset_converters/chexpert.py data/CheXpert-v1.0-small --protocol prior/1
#     python tools/train.py configs/downstream/chexpert_cls.py        (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/chexpert_cls.py
# NEVER RUN on CheXpert's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['../_base_/downstream/classification.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='classification', dataset='chexpert', protocol='prior/1', repeat='seed0',
                  data_root='{{$CHEXPERT_ROOT:data/CheXpert-v1.0-small}}', pretrained='work_dirs/pretrain_mimic',
                  labels=100, frozen=None)
model = dict(head=dict(num_classes=5))
train_cfg = dict(max_iters=20000, val_interval=1000)
default_hooks = dict(checkpoint=dict(interval=1000, save_best='classification/auroc', rule='greater'))
