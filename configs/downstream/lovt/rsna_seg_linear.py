# Pneumonia, boxes taken for masks, by LoVT's lists: one linear layer on the last map of a frozen ResNet-50.
#     python tools/dataset_converters/rsna.py data/rsna --protocol lovt/1 --split-dir LISTS
#     python tools/train.py configs/downstream/lovt/rsna_seg_linear.py       (--labels 10, --pretrained FILE ...)
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../mgca/rsna_seg.py'
downstream = dict(protocol='lovt/1', repeat='official')
# No convolution of its own: from the channels to the classes, enlarged to the image.
model = dict(decode_head=dict(
    _delete_=True, type='mmseg.FCNHead', in_channels=2048, in_index=3, channels=2048, num_convs=0, concat_input=False,
    num_classes=2, dropout_ratio=0., align_corners=False, loss_decode=_base_.losses))
