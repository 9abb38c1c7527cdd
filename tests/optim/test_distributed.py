"""Many processes: under DDP and FSDP2 every rank has the α of one process that sees the whole batch.

Two real processes on this machine, which meet through a file and talk over gloo (ranks.py).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

if os.name == "nt" or not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("Processes meet over gloo, which this torch or this system lacks.", allow_module_level=True)

RANKS = 2
SETTINGS = [
    "Algorithm 2",
    "windows",
    "windows, summed",
    "windows, bfloat16",
    "a rate a tensor",
    "slope",
    "steady",
    "Adam, gradients",
    "Adam",
]
WAYS = ["DDP", "FSDP", "hybrid FSDP"]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(here.parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, here / "ranks.py", str(rank), str(RANKS), folder / "meet", folder / f"{rank}.json"],
            env=environment,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for rank in range(RANKS)
    ]
    errors = []
    try:
        for process in processes:
            errors.append(process.communicate(timeout=180)[1])
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * RANKS, "\n".join(errors)
    return [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(RANKS)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_rank_has_the_same_alpha(ranks, setting, way):
    first, *others = (rank[setting][way]["alpha"] for rank in ranks)
    assert all(other == first for other in others)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_alpha_is_that_of_a_single_process(ranks, setting, way):
    single, many = ranks[0][setting]["single"]["alpha"], ranks[0][setting][way]["alpha"]
    tolerance = {"windows, summed": 1e-4, "windows, bfloat16": 0.05}.get(setting, 1e-9)
    for expected, found in zip(single, many, strict=True):
        assert found == pytest.approx(expected, rel=tolerance)
    assert single[-1] != single[0]


@pytest.mark.parametrize("setting", SETTINGS)
def test_under_ddp_the_optimizer_does_not_communicate(ranks, setting):
    assert [rank[setting]["DDP"]["collectives"] for rank in ranks] == [[0] * 12] * RANKS


@pytest.mark.parametrize("setting", SETTINGS)
def test_under_fsdp_it_communicates_once_an_update_and_never_between(ranks, setting):
    every_step = setting in ("Algorithm 2", "a rate a tensor")
    expected = [1] * 12 if every_step else [0, 0, 1] * 4
    if setting == "steady":  # its first windows have 1, 2 and then 3 steps
        expected = [1, 0, 1] + [0, 0, 1] * 3
    assert [rank[setting]["FSDP"]["collectives"] for rank in ranks] == [expected] * RANKS


def test_a_sharded_run_resumed_in_mid_window_equals_one_never_stopped(ranks):
    for rank in ranks:
        straight, resumed = rank["resumed"]
        assert straight == resumed
        assert straight[-1] != straight[0]


def test_every_tensor_counts_once_however_it_is_placed(ranks):
    for rank in ranks:
        runs = rank["mixed placements"]
        assert runs["mixed"] == pytest.approx(runs["single"], rel=1e-12)
        assert len(set(runs["single"])) == 4


def test_ways_that_would_give_each_process_an_alpha_of_its_own_are_refused(ranks):
    """facebookresearch/fairscale#767, pytorch/pytorch#136314: optimizers that need whole tensors, on parts of them."""
    for rank in ranks:
        for way, said in rank["refused"].items():
            assert "would train a different α" in said, way
            assert "FSDP2" in said, way
