#!/usr/bin/env bash
# Train through Slurm: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of tools/train.py]
# GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5) and SRUN_ARGS are taken from the environment.
# A job that is preempted, or out of time, saves and ends with 143; requeued, it goes on by itself (docs/robustness.md).
set -eu
partition=$1 job=$2 config=$3; shift 3
gpus=${GPUS:-8} per_node=${GPUS_PER_NODE:-8}
if [ "$gpus" -lt "$per_node" ]; then per_node=$gpus; fi
# shellcheck disable=SC2086  # SRUN_ARGS is several words; its options come last and win
exec srun --partition="$partition" --job-name="$job" --gres=gpu:"$per_node" --ntasks="$gpus" \
    --ntasks-per-node="$per_node" --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 --signal=TERM@120 \
    ${SRUN_ARGS:-} python -u "$(dirname "$0")/train.py" "$config" --launcher slurm "$@"
