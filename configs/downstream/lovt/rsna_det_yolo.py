# YOLOv3 on a frozen ResNet-50 by LoVT's lists; --finetune is its other row.
#     python tools/dataset_converters/rsna.py data/rsna --protocol lovt/1 --split-dir LISTS
#     python tools/train.py configs/downstream/lovt/rsna_det_yolo.py    (--labels 10, --finetune, --pretrained FILE ...)
# NEVER RUN on a GPU, on RSNA's images or with weights of MIMIC-CXR: none was at hand.
_base_ = '../rsna_det_yolo.py'
downstream = dict(protocol='lovt/1', repeat='official')
