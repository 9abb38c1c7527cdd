"""The programs in examples/ do what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from torch.nn.functional import cross_entropy

from tlr import TLR
from tlr.course.data import load, normalize
from tlr.course.models import MLP
from tlr.course.training import epoch_order
from tlr.rule import window

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(os.name == "nt", reason="torch has no gloo rendezvous for torchrun on Windows.")
def test_the_sharded_mlp_trains_with_the_alpha_of_a_single_process():
    data = load("digits")
    x, y, _, _ = data.tensors()
    model = MLP(inputs=data.inputs, outputs=data.classes)
    steps = len(x) // 64
    optimizer = TLR(
        model.parameters(), lr=0.01, momentum=0.8, weight_decay=5e-4, update_every=window(steps, momentum=0.8)
    )
    expected = []
    for epoch in range(3):
        for batch in epoch_order(len(x), 0, epoch).split(64)[:steps]:
            optimizer.zero_grad()
            cross_entropy(model(normalize(x[batch])), y[batch]).backward()
            optimizer.step()
        expected.append(optimizer.param_groups[0]["lr"])

    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [*torchrun, ROOT / "examples" / "distributed.py", "--shard", "--epochs", "3"],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=180,
    )
    assert run.returncode == 0, run.stderr
    lines = re.findall(r"epoch \d+: accuracy (.+)%, α (.+)", run.stdout)
    assert [float(alpha) for _, alpha in lines] == pytest.approx(expected, abs=1e-6)
    assert float(lines[-1][0]) > 90
