# Pneumothorax as MGCA's code segments: as rsna_seg.py. Its lists are of rows of the table, so that they share images:
#     python tools/dataset_converters/siim.py data/siim --protocol mgca/2 --split-dir LISTS --allow-overlap
#     python tools/train.py configs/downstream/mgca/siim_seg.py       (--labels 1, --pretrained FILE ...)
# There training takes as many images without a pneumothorax as with one, here all of its list.
# NEVER RUN on SIIM's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = './rsna_seg.py'
downstream = dict(dataset='siim', repeat='official', data_root='{{$SIIM_ROOT:data/siim}}')
train_cfg = dict(max_iters=50 * 1133, val_interval=1133)
