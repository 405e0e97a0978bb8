"""The worker of test_distributed.py: ``torchrun distributed_worker.py FOLDER`` trains each case in two processes.

Then it trains by the command line, twice: the second time the folder contains a run.
"""

import dataclasses
import json
import os
import socket
import sys
from pathlib import Path

import himpc
from himpc._schema import to_plain
from himpc.cli import main
from himpc.cli.distributed import join_processes
from himpc.learning import Config, train
from himpc.model import write_tensors
from himpc.recordings import Windows

CASES = {
    "clean": Config(heads=2),
    "tracklet": Config.preset("tracklet"),
    "masked": Config.preset("simmc"),
    "scored": Config(heads=2),
}
SCORES = [0.5, 0.9, 0.1]


def windows():
    """Return 241 windows, so that batches of 40 leave one over: the first of two processes has no share in it."""
    cut = Windows.cut(himpc.simulate(people=3, recordings=3, seconds=3.0, difficulty="easy", seed=1), 6, 3)
    return cut.part(slice(0, 241))


def trained(name, processes, **options):
    """Train one case."""
    labels = score = None
    seen = windows()
    if name == "scored":
        rest = iter(SCORES)
        labels, score = seen.recording % 3, lambda model: next(rest)
    config = CASES[name].with_(hidden=16, batch_size=40, max_epochs=3, k1=10, seed=7)
    return train(seen, config, device="cpu", external_labels=labels, score=score, processes=processes, **options)


def epochs(found):
    """Return the records of the epochs, without their durations."""
    return [to_plain(dataclasses.replace(record, seconds=0.0)) for record in found.history.epochs]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def exit_code(port, *words):
    """Run a verb, and return its exit code; its processes join at a port of their own, as if they had just started."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_USE_AGENT_STORE": "False"}
    try:
        return main(list(words))
    except SystemExit as end:
        return end.code


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with join_processes("cpu") as processes:
        found = {case: trained(case, processes) for case in CASES}
        found["resumed"] = trained("clean", processes, out=folder / "broken", resume=True)
        for case, result in found.items():
            path = folder / f"{case}-{processes.rank}.safetensors"
            write_tensors(path, result.model.network.state_dict(), json.dumps(epochs(result)))
        ports = json.loads(processes.broadcast_text(json.dumps([free_port(), free_port()])))
    small = ["--preset", "clean", "--max-epochs", "1", "--hidden", "16"]
    command = ["train", str(folder / "walks.npz"), "--out", str(folder / "run"), *small]
    codes = [exit_code(port, *command) for port in ports]
    (folder / f"codes-{processes.rank}.json").write_text(json.dumps(codes))
    sys.stdout.flush()
    os._exit(0)  # gloo sometimes aborts a process while its interpreter shuts down
