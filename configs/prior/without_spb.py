# Ablation: without the sentence prototype bank.
_base_ = './pretrain_mimic.py'
model = dict(prototype_bank=None)
