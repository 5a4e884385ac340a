# Ablation of the demo: without the sentence prototype bank.
_base_ = './pretrain_demo.py'
model = dict(prototype_bank=None)
