# What all methods of docs/methods.md start from: the first stage of prior_demo_grounded.py, in which only the global
# alignment trains. SYNTHETIC radiographs.
_base_ = './prior_demo_grounded.py'
stages = _base_.stages[:1]
train_cfg = dict(stages=stages)
