# The published run with weights, gradients and optimizer in shards: tools/dist_train.sh THIS_FILE GPUS
_base_ = './pretrain_mimic.py'
runner_type = 'PriorFlexibleRunner'
strategy = dict(type='FSDPStrategy')
