"""Under Lightning and Hugging Face Accelerate TLR is an optimizer like any other.

pip install --constraint constraints.txt --editable ".[trainers]"
"""

import pytest
import torch
from problems import rate
from torch.utils.data import DataLoader, TensorDataset

from tlr import TLR

OPTIONS = {"lr": 0.01, "momentum": 0.8, "update_every": 3}
EPOCHS = 4


def problem():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = torch.randn(64, 3)
        model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    return model, DataLoader(TensorDataset(x, x.prod(1, keepdim=True)), batch_size=8)


@pytest.fixture
def bare_loop():
    """The weights and α of a plain loop, which the trainer's must equal."""
    model, loader = problem()
    optimizer = TLR(model.parameters(), **OPTIONS)
    for _ in range(EPOCHS):
        for x, y in loader:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    assert rate(optimizer) != OPTIONS["lr"]
    return [p.detach() for p in model.parameters()], rate(optimizer)


def test_accelerate(bare_loop, tmp_path):
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    model, loader = problem()
    model, optimizer, loader = accelerator.prepare(model, TLR(model.parameters(), **OPTIONS), loader)
    for epoch in range(EPOCHS):
        for x, y in loader:
            optimizer.zero_grad()
            accelerator.backward(torch.nn.functional.mse_loss(model(x), y))
            optimizer.step()
        if epoch == 1:  # 16 steps: in the middle of a window
            accelerator.save_state(tmp_path)
            again = torch.load(tmp_path / "optimizer.bin", weights_only=True)
            assert again["param_groups"][0]["steps_in_window"] == 1
            with torch.no_grad():
                for p in model.parameters():
                    p.zero_()
            optimizer.param_groups[0]["lr"] = 0.5
            accelerator.load_state(tmp_path)
    weights, alpha = bare_loop
    torch.testing.assert_close([p.detach() for p in model.parameters()], weights, rtol=0, atol=0)
    assert rate(optimizer) == alpha


# What Lightning says about itself: a deprecated way of its own into torch, and advice on loaders.
@pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning")
def test_lightning(bare_loop, tmp_path):
    lightning = pytest.importorskip("pytorch_lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model, self.loader = problem()

        def training_step(self, batch, _):
            x, y = batch
            return torch.nn.functional.mse_loss(self.model(x), y)

        def configure_optimizers(self):
            return TLR(self.parameters(), **OPTIONS)

        def train_dataloader(self):
            return self.loader

    def trainer(epochs):
        return lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
        )

    first, resumed = Module(), Module()
    half = trainer(EPOCHS // 2)
    half.fit(first)
    half.save_checkpoint(tmp_path / "half.ckpt")  # 16 steps: in the middle of a window
    whole = trainer(EPOCHS)
    whole.fit(resumed, ckpt_path=tmp_path / "half.ckpt")
    weights, alpha = bare_loop
    torch.testing.assert_close([p.detach() for p in resumed.parameters()], weights, rtol=0, atol=0)
    assert rate(whole.optimizers[0]) == alpha
