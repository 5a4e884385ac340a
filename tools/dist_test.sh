#!/usr/bin/env bash
# Test on several processes of one machine or more: tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# On several machines run it on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -eu
config=$1 checkpoint=$2 gpus=$3; shift 3
. "$(dirname "$0")/free_port.sh"
need_free_port "${PORT:-29500}" tools/dist_test.sh
python -m torch.distributed.run --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" --nproc_per_node="$gpus" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
