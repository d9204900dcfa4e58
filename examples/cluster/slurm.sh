#!/bin/sh
# Runs a sweep as a Slurm job array: each task does one part, on all processors that it is given.
#
#   job=$(sbatch --parsable --array=1-8 examples/cluster/slurm.sh study.json /shared/study)
#   sbatch --dependency=afterany:$job --wrap 'stratosim merge /shared/study/whole /shared/study/part-*'
#
# A part that was preempted, killed or out of time continues where it was when it is submitted again.
#SBATCH --job-name=stratosim
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A_%a.log

set -eu
sweep=$1
out=$2

exec stratosim sweep "$sweep" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --out "$out/part-$SLURM_ARRAY_TASK_ID" \
    --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --resume
