# 14 findings of VinDr-CXR, where two of three radiologists agree.
#     python tools/dataset_converters/vindr.py data/vindr-cxr
#     python tools/train.py configs/downstream/vindr_cls.py   (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/vindr_cls.py
# NEVER RUN on VinDr's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './own_cls.py'
downstream = dict(dataset='vindr', repeat='given', data_root='{{$VINDR_ROOT:data/vindr-cxr}}',
                  pretrained='work_dirs/pretrain_mimic')
