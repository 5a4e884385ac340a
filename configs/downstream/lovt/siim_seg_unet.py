# Pneumothorax by LoVT's lists: a U-Net-like decoder on a frozen ResNet-50; --finetune is its other row.
#     python tools/dataset_converters/siim.py data/siim --protocol lovt/1 --split-dir LISTS
#     python tools/train.py configs/downstream/lovt/siim_seg_unet.py       (--finetune, --pretrained FILE ...)
# NEVER RUN on SIIM's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../mgca/siim_seg.py'
downstream = dict(protocol='lovt/1', repeat='official')
