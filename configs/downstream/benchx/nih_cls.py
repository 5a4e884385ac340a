# 14 findings of NIH ChestX-ray14 by BenchX's protocol: its lists, and AUROC, which its tables show here.
#     python tools/dataset_converters/nih.py data/nih --protocol benchx/2 --split-dir LISTS
#     python tools/repeat.py configs/downstream/benchx/nih_cls.py             (--labels 1, --pretrained FILE ...)
# NEVER RUN on NIH's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './rsna_cls.py'
downstream = dict(dataset='nih', data_root='{{$NIH_ROOT:data/nih}}')
model = dict(head=dict(num_classes=14))
optim_wrapper = dict(optimizer=dict(lr=1e-4))  # of the head; the encoder gets a tenth
default_hooks = dict(checkpoint=dict(save_best='classification/auroc'))
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='classification/auroc', rule='greater', min_delta=0., patience=10),
]
