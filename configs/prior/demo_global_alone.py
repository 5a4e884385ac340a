# What all methods of docs/methods.md start from: the first stage of prior_demo_grounded.py, in which only the global
# alignment trains. SYNTHETIC radiographs.
_base_ = './prior_demo_grounded.py'
stages = [dict(name='alignment', epochs=36, lr=7e-4, warmup_epochs=1, losses=dict(global_alignment=1.))]
train_cfg = dict(stages=stages)
