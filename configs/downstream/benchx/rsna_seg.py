# Pneumonia, boxes taken for masks, by BenchX's protocol: as siim_seg.py at a tenth of its rate.
#     python tools/dataset_converters/rsna.py data/rsna --protocol benchx/2 --split-dir LISTS
#     python tools/repeat.py configs/downstream/benchx/rsna_seg.py             (--pretrained FILE ...)
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = './siim_seg.py'
downstream = dict(dataset='rsna', data_root='{{$RSNA_ROOT:data/rsna}}')
optim_wrapper = dict(optimizer=dict(lr=1e-4))
