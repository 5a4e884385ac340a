# Ablation: without the local alignment module.
_base_ = './pretrain_mimic.py'
model = dict(local_alignment=None)
