# Pneumonia or not, on RSNA's radiographs.
#     python tools/dataset_converters/rsna.py data/rsna --protocol prior/1
#     python tools/train.py configs/downstream/rsna_cls.py            (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/rsna_cls.py
# NEVER RUN on RSNA's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['../_base_/downstream/classification.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='classification', dataset='rsna', protocol='prior/1', repeat='seed0',
                  data_root='{{$RSNA_ROOT:data/rsna}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)
default_hooks = dict(checkpoint=dict(save_best='classification/auroc', rule='greater'))
