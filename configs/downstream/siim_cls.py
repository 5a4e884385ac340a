# Pneumothorax or not, on SIIM's radiographs.
#     python tools/dataset_converters/siim.py data/siim --protocol prior/1
#     python tools/train.py configs/downstream/siim_cls.py            (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/siim_cls.py
# NEVER RUN on SIIM's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['../_base_/downstream/classification.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='classification', dataset='siim', protocol='prior/1', repeat='seed0',
                  data_root='{{$SIIM_ROOT:data/siim}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)
default_hooks = dict(checkpoint=dict(save_best='classification/auroc', rule='greater'))
