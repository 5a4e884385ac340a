# Pneumothorax or not by MRM's lists, which share images between training, validation and test:
#     python tools/dataset_converters/siim.py data/siim --protocol mrm/1 --split-dir LISTS --allow-overlap
#     python tools/train.py configs/downstream/mrm/siim_cls.py       (--labels 10, --pretrained FILE ...)
# NEVER RUN on SIIM's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = './rsna_cls.py'
downstream = dict(dataset='siim', data_root='{{$SIIM_ROOT:data/siim}}')
