"""A real SLURM on this machine: one node, the partitions ``cpu`` and ``gpu``, one GPU that is none, no accounting."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

PROGRAMS = ("slurmctld", "slurmd", "scontrol", "sbatch", "munged")
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
CPUS = 2
MEMORY = 64_000  # MB, more than the machine may have: nothing holds a job to what it asked for

# TaskPlugin and ProctrackType do without cgroups, which a container rarely may use: requests are booked, not enforced.
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=0
KillWait=2
MinJobAge=3600
GresTypes=gpu
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """Return the programs of SLURM and munge that this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class StartError(Exception):
    """The daemons do not come up on this machine; says what they wrote."""


class OneNodeSlurm:
    """Daemons whose configuration, keys, state and logs all lie in one folder; nothing else of the machine is touched.

    Args:
        folder: A new folder; its path must be short enough for a socket (100 characters).
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin{os.pathsep}{PATH}"}
        self._daemons: list[subprocess.Popen] = []
        self._lost = False

    def start(self, environment: Mapping[str, str]) -> None:
        """Start munge, the controller and the node, and wait until the node is idle.

        Args:
            environment: Added to the environment of the daemons.

        Raises:
            StartError: If one of them ends or does not answer.
        """
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        controller_port, node_port = free_ports(2)
        text = _CONFIGURATION.format(
            host=self.host,
            folder=self.folder,
            controller_port=controller_port,
            node_port=node_port,
            cpus=CPUS,
            memory=MEMORY,
        )
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text(f"NodeName={self.host} Name=gpu Count=1 File=/dev/null\n")
        # Snakemake's plugin takes all of SLURM's variables from a job's steps, the place of the configuration too.
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun", path=PATH)} "$@"\n')
        srun.chmod(0o755)
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o400)
        files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        # A folder that only root may enter is an error to munge; here root alone uses it.
        self._run(environment, "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", *files)
        self._until((self.folder / "munge.socket").exists, "munge", error=StartError)
        self._run(environment, "slurmctld", "-D")
        self._run(environment, "slurmd", "-D")
        self._node_environment = environment
        self._until(lambda: self.node_state() == "IDLE", "SLURM", error=StartError)

    def stop(self) -> None:
        """End the daemons and every job."""
        if self.node_state():
            for job in self.jobs():
                if job["JobState"] in ("PENDING", "RUNNING"):
                    self.command("scancel", job["JobId"])
            self._until(lambda: not self.jobs("RUNNING", "COMPLETING"), "the end of all jobs")
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self._daemons:
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def command(self, *command: str) -> str:
        """Run one of SLURM's commands and return what it prints."""
        done = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def jobs(self, *states: str) -> list[dict[str, str]]:
        """Return what ``scontrol`` shows of all jobs so far, or of those in some states, in the order of submission."""
        shown = self.command("scontrol", "--oneliner", "--details", "show", "job").splitlines()
        found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown if line.startswith("JobId=")]
        found = [job for job in found if not states or job["JobState"] in states]
        return sorted(found, key=lambda job: int(job["JobId"]))

    def node_state(self) -> str:
        """Return the node's state, ``""`` before the controller answers."""
        command = ["sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%T"]
        shown = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True)
        return shown.stdout.strip().upper()

    def set_node(self, state: str) -> None:
        """Drain the node, take it down or resume it."""
        self.command("scontrol", "update", f"NodeName={self.host}", f"State={state}", "Reason=test")

    def lose_node(self) -> None:
        """End all that runs on the node at once, as a power cut does, and have the controller know.

        By itself the controller would notice when the node has not answered for SlurmdTimeout, five minutes.
        """
        slurmd = self._daemons.pop()
        self._lost = True
        slurmd.kill()
        slurmd.wait()
        steps = self._steps()
        # A step that outlives what it runs reports it as failed: all are stopped before anything is killed.
        for step in steps:
            with suppress(psutil.NoSuchProcess):
                step.suspend()
        children = []
        for step in steps:
            with suppress(psutil.NoSuchProcess):
                children += step.children(recursive=True)
        for process in steps + children:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._until(lambda: not self._steps(), "the end of the node's jobs")
        self.set_node("down")

    def bring_node_back(self) -> None:
        """Start the lost node again and let jobs onto it, once the controller is done with what ran there."""
        self._run(self._node_environment, "slurmd", "-D")
        self._lost = False
        # The order to end the lost job still waits for the node, and would end its next run, too.
        time.sleep(8)
        self.set_node("resume")
        self._until(lambda: self.node_state() == "IDLE", "the node")

    def restore_node(self) -> None:
        """Have the node in use again, whatever a test did to it and wherever it stopped."""
        if self._lost:
            self.bring_node_back()
        elif self.node_state() != "IDLE":
            self.set_node("resume")

    def _steps(self) -> list[psutil.Process]:
        """Return the processes that hold the steps of this SLURM's jobs."""
        return [process for process in psutil.process_iter(["name"]) if self._is_step(process)]

    def _is_step(self, process: psutil.Process) -> bool:
        """Tell whether a process holds a job's step on this SLURM's node: such a one writes to the node's log."""
        with suppress(psutil.Error):
            if process.info["name"] == "slurmstepd":
                return any(Path(file.path).is_relative_to(self.folder) for file in process.open_files())
        return False

    def _run(self, environment: Mapping[str, str], *command: str) -> None:
        log = (self.folder / f"{command[0]}.output").open("w")
        self._daemons.append(
            subprocess.Popen(
                command,
                env=os.environ | environment | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )

    def _until(self, condition, what: str, seconds: float = 60, error: type[Exception] = AssertionError) -> None:
        until = time.monotonic() + seconds
        while not condition():
            ended = [daemon.args[0] for daemon in self._daemons if daemon.poll() is not None]
            outputs = "".join(file.read_text() for name in ended for file in self.folder.glob(f"{name}*.[ol]*"))
            if ended or time.monotonic() >= until:
                raise error(f"{what} did not come; ended: {ended}\n{outputs}")
            time.sleep(0.2)
