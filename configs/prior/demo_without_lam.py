# Ablation of the demo: without the local alignment module.
_base_ = './pretrain_demo.py'
model = dict(local_alignment=None)
