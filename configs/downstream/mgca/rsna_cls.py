# MGCA's linear probe: a linear layer on a frozen encoder.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/mgca/rsna_cls.py       (--labels 1, --pretrained FILE ...)
# NEVER RUN on RSNA's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = '../rsna_cls.py'
downstream = dict(protocol='mgca/2', repeat='seed0')
randomness = dict(seed=42)
train_dataloader = dict(batch_size=48)
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=1e-6))
param_scheduler = []  # one rate throughout
when_frozen = dict(_delete_=True)
