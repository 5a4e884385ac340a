# COVID-19 on the films of COVIDx, by its lists.
#     python tools/dataset_converters/covidx.py data/covidx
#     python tools/train.py configs/downstream/covidx_cls.py   (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/covidx_cls.py
# NEVER RUN on COVIDx's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './own_cls.py'
downstream = dict(dataset='covidx', repeat='given', data_root='{{$COVIDX_ROOT:data/covidx}}',
                  pretrained='work_dirs/pretrain_mimic')
