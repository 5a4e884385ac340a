# The published model and stages on pairs of one's own (docs/your_data.md):
#     python tools/dataset_converters/table.py data/mine --resize 256
#     python tools/train.py configs/prior/pretrain_own.py
# NEVER RUN with Bio_ClinicalBERT's weights: they were not at hand. pretrain_own_small.py needs no weights at all.
_base_ = [
    '../_base_/models/prior_r50_bert.py',
    '../_base_/datasets/own.py',
    '../_base_/schedules/prior_150e.py',
    '../_base_/default_runtime.py',
]
