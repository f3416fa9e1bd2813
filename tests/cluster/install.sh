#!/bin/sh
# SLURM and munge from Debian's packages, for the tests alone; services are not started by it.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends slurmctld slurmd slurm-client munge
