"""The programs in examples/ do what they say."""

import io
import os
import re
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from torch.nn.functional import cross_entropy

from tlr import TLR
from tlr.course.data import load, normalize
from tlr.course.models import MLP
from tlr.course.training import epoch_order
from tlr.rule import window

ROOT = Path(__file__).parents[1]


def output_of(*command):
    """What a command prints, with one thread."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=180)
    assert run.returncode == 0, run.stderr
    return run.stdout


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
    told = output_of(*torchrun, ROOT / "examples" / "distributed.py", "--shard", "--epochs", "3")
    lines = re.findall(r"epoch \d+: accuracy (.+)%, α (.+)", told)
    assert [float(alpha) for _, alpha in lines] == pytest.approx(expected, abs=1e-6)
    assert float(lines[-1][0]) > 90


def test_cifar_goes_from_images_to_the_accuracy_of_tlr_and_of_each_beta(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (80, 32, 32, 3), np.uint8), np.arange(80) % 10
    np.savez(tmp_path / "tiny.npz", x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    small = ["--data", tmp_path / "tiny.npz", "--width", "1", "--images", "70", "--epochs", "2"]
    told = output_of(sys.executable, ROOT / "examples" / "cifar.py", *small)
    assert re.findall(r"^\w.*", told, re.MULTILINE) == [
        "TLR",
        "hypergradient descent, β = 0.001",
        "hypergradient descent, β = 0.0001",
        "hypergradient descent, β = 1e-05",
    ]
    first = re.findall(r"epoch  1: loss (.+), α", told)
    assert len(first) == 4
    assert len(set(first)) == 1  # the same weights and batches, and the first α
    assert len(re.findall(r"s, accuracy [\d.]+%", told)) == 4


def test_cifar_needs_nothing_of_the_course_and_fits_on_three_screens():
    code = (ROOT / "examples" / "cifar.py").read_text(encoding="utf-8")
    assert "tlr.course" not in code
    assert len(code.splitlines()) <= 150


def test_cifar_reads_the_official_archive(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), np.uint8)
    with tarfile.open(tmp_path / "cifar.tar.gz", "w:gz") as archive:
        for number, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
            content = bytes([number]) + pixels[number].tobytes()  # the label, then the planes of one image
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    read = runpy.run_path(str(ROOT / "examples" / "cifar.py"))["cifar10"]
    x, y, x_test, y_test = read(tmp_path / "cifar.tar.gz")
    np.testing.assert_array_equal(x, pixels[:5])
    np.testing.assert_array_equal(x_test, pixels[5:])
    assert (y.tolist(), y_test.tolist()) == ([0, 1, 2, 3, 4], [5])
