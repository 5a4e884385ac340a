# 14 findings of VinDr-CXR by BenchX's protocol: as nih_cls.py, with the rate and batch of its config.
#     python tools/dataset_converters/vindr.py data/vindr-cxr --agree 1 --protocol benchx/2 --split-dir LISTS
#     python tools/repeat.py configs/downstream/benchx/vindr_cls.py             (--labels 1, --pretrained FILE ...)
# NEVER RUN on VinDr's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './nih_cls.py'
downstream = dict(dataset='vindr', data_root='{{$VINDR_ROOT:data/vindr-cxr}}')
train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=5e-4))  # of the head; the encoder gets a tenth
