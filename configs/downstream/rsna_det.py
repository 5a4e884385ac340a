# Boxes of pneumonia on RSNA's radiographs: Faster R-CNN with FPN, MMDetection's, on the pre-trained ResNet-50.
#     python tools/dataset_converters/rsna.py data/rsna --protocol prior/1
#     python tools/train.py configs/downstream/rsna_det.py            (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/rsna_det.py
# NEVER RUN on a GPU, on RSNA's images or with weights of MIMIC-CXR: none was at hand. The paper does not say which
# detector it took, nor how it was trained.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    '../_base_/downstream/detection.py',
    '../_base_/downstream/schedule.py',
    '../_base_/downstream/runtime.py',
]
downstream = dict(task='detection', dataset='rsna', protocol='prior/1', repeat='fold0',
                  data_root='{{$RSNA_ROOT:data/rsna}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)

model = dict(
    # One channel from 0 to 255, normalised as in the pre-training.
    data_preprocessor=dict(mean=[0.4755 * 255], std=[0.3011 * 255], bgr_to_rgb=False),
    # Normalised by the batch, unlike MMDetection's habit: with the statistics of pre-training the demo's mAP with all
    # labels was 59 instead of 68 % (seed 0).
    backbone=dict(in_channels=1, norm_eval=False),
    # Half of the usual anchors, for images of a quarter of the usual size: 16, 32, 64, 128 and 256 px.
    rpn_head=dict(anchor_generator=dict(scales=[4])),
    roi_head=dict(bbox_head=dict(num_classes=1)),
    # The metric takes its own threshold from the order of the scores: keep also boxes of little confidence.
    test_cfg=dict(rcnn=dict(score_thr=0.01)))

# In float32 throughout: mmcv's NMS does not take bfloat16, which 'auto' may choose.
optim_wrapper = dict(dtype='float32', clip_grad=dict(max_norm=10.))
default_hooks = dict(checkpoint=dict(save_best='detection/mAP@0.40-0.75', rule='greater'))
