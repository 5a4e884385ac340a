# 14 findings of NIH ChestX-ray14, by the official lists.
#     python tools/dataset_converters/nih.py data/nih
#     python tools/train.py configs/downstream/nih_cls.py   (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/nih_cls.py
# NEVER RUN on NIH's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './own_cls.py'
downstream = dict(dataset='nih', repeat='given', data_root='{{$NIH_ROOT:data/nih}}',
                  pretrained='work_dirs/pretrain_mimic')
