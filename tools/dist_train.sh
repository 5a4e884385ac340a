#!/usr/bin/env bash
# Train on several processes of one machine or more: tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# On several machines run it on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# With MAX_RESTARTS=N, all processes are started again up to N times when one is lost, from the last checkpoint.
set -eu
config=$1 gpus=$2; shift 2
nodes=${NNODES:-1} address=${MASTER_ADDR:-127.0.0.1} port=${PORT:-29500} restarts=${MAX_RESTARTS:-0}
. "$(dirname "$0")/free_port.sh"
need_free_port "$port" tools/dist_train.sh
if [ "$restarts" -gt 0 ]; then
    # Each start needs a meeting point of its own: in a shared one, the second finds the addresses of the first's dead.
    export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
    meet="--rdzv-backend=c10d --rdzv-endpoint=$address:$port --rdzv-id=$port --max-restarts=$restarts"
    if [ "$nodes" = 1 ]; then meet="$meet --local-addr=$address"; fi
else
    meet="--node_rank=${NODE_RANK:-0} --master_addr=$address --master_port=$port"
fi
# shellcheck disable=SC2086  # $meet is several words
python -m torch.distributed.run --nnodes="$nodes" --nproc_per_node="$gpus" $meet \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
