# Boxes of a data set of one's own, of one class or several (docs/your_data.md): Faster R-CNN with FPN, MMDetection's.
#     python tools/dataset_converters/table.py data/mine --boxes COLUMN
#     python tools/train.py configs/downstream/own_det.py --data-root data/mine   (--labels 10, --pretrained FILE ...)
#     python tools/test.py configs/downstream/own_det.py --data-root data/mine
_base_ = './rsna_det.py'
downstream = dict(dataset=None, classes=None, protocol='own/1', repeat=None, data_root='{{$OWN_ROOT:data/mine}}',
                  pretrained='work_dirs/pretrain_own')
