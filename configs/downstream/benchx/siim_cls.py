# Pneumothorax or not by BenchX's protocol. Its lists have the names of the Kaggle PNG copy, whose tables translate
# them:
#     python tools/dataset_converters/siim.py data/siim --protocol benchx/2 --split-dir LISTS \
#         --list-names stage_1_train_images.csv stage_1_test_images.csv
#     python tools/repeat.py configs/downstream/benchx/siim_cls.py             (--labels 1, --pretrained FILE ...)
# NEVER RUN on SIIM's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './rsna_cls.py'
downstream = dict(dataset='siim', data_root='{{$SIIM_ROOT:data/siim}}')
train_dataloader = dict(batch_size=128)
