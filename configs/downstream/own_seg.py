# Masks of a data set of one's own (docs/your_data.md): UPerNet, MMSegmentation's, on the pre-trained ResNet-50.
#     python tools/dataset_converters/table.py data/mine --mask COLUMN
#     python tools/train.py configs/downstream/own_seg.py --data-root data/mine   (--labels 10, --pretrained FILE ...)
#     python tools/test.py configs/downstream/own_seg.py --data-root data/mine
_base_ = ['../_base_/downstream/segmentation.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='segmentation', dataset=None, classes=None, protocol='own/1', repeat=None,
                  data_root='{{$OWN_ROOT:data/mine}}', pretrained='work_dirs/pretrain_own', labels=100, frozen=None)
default_hooks = dict(checkpoint=dict(save_best='segmentation/dice_pooled', rule='greater'))
