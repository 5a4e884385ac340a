# Boxes of pneumonia on RSNA's radiographs: MMDetection's YOLOv3 on the pre-trained ResNet-50, by MGCA's protocol.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/rsna_det_yolo.py       (--labels 10, --finetune, --pretrained FILE ...)
#     python tools/test.py configs/downstream/rsna_det_yolo.py
# Anchors, rate and weight decay are those of MGCA's code, the losses MMDetection's. What else is as there is in
# mgca/rsna_det_yolo.py; LoVT's lists are taken by lovt/rsna_det_yolo.py.
# NEVER RUN on a GPU, on RSNA's images or with weights of MIMIC-CXR: none was at hand.
_base_ = ['../_base_/downstream/detection.py', '../_base_/downstream/schedule.py', '../_base_/downstream/runtime.py']
downstream = dict(task='detection', dataset='rsna', protocol='mgca/2', repeat='seed0-60-20-20',
                  data_root='{{$RSNA_ROOT:data/rsna}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)

channels, strides = [512, 256, 128], [32, 16, 8]
binary = dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, reduction='sum')
model = dict(
    type='mmdet.YOLOV3',
    data_preprocessor=dict(type='mmdet.DetDataPreprocessor', mean=[0.4755 * 255], std=[0.3011 * 255],
                           pad_size_divisor=32),
    backbone=dict(type='mmdet.ResNet', depth=50, in_channels=1, out_indices=(1, 2, 3), norm_eval=False,
                  style='pytorch'),
    neck=dict(type='mmdet.YOLOV3Neck', num_scales=3, in_channels=[2048, 1024, 512], out_channels=channels),
    bbox_head=dict(
        type='mmdet.YOLOV3Head', num_classes=1, in_channels=channels, out_channels=[1024, 512, 256],
        featmap_strides=strides, bbox_coder=dict(type='mmdet.YOLOBBoxCoder'),
        # YOLOv3's anchors, for images of 224 instead of 416 px.
        anchor_generator=dict(type='mmdet.YOLOAnchorGenerator', strides=strides, base_sizes=[
            [(62, 48), (84, 107), (201, 176)], [(16, 33), (33, 24), (32, 64)], [(5, 7), (9, 16), (18, 12)]]),
        loss_cls=binary, loss_conf=binary, loss_xy=dict(binary, loss_weight=2.),
        loss_wh=dict(type='mmdet.MSELoss', loss_weight=2., reduction='sum')),
    train_cfg=dict(assigner=dict(type='mmdet.GridAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)),
    # The metric takes its own threshold from the order of the scores: keep also boxes of little confidence.
    test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.01, conf_thr=0.005,
                  nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))

# In float32 throughout: mmcv's NMS does not take bfloat16, which 'auto' may choose.
optim_wrapper = dict(dtype='float32', optimizer=dict(lr=5e-4, weight_decay=1e-6), clip_grad=dict(max_norm=10.))
default_hooks = dict(checkpoint=dict(save_best='detection/mAP@0.40-0.75', rule='greater'))
