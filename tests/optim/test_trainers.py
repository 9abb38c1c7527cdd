"""Under Lightning and Hugging Face's Accelerate and Trainer TLR is an optimizer like any other.

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


# Hugging Face's Trainer ----------------------------------------------------------------------------------------------


class WithLoss(torch.nn.Module):
    """The network as Trainer wants it: it takes the labels and returns the loss first."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, labels):
        out = self.model(x)
        return torch.nn.functional.mse_loss(out, labels), out


def trained(folder, schedule, build=None, resume=None, epochs=EPOCHS):
    """The weights and the optimizer after Trainer's own loop; `build`: a scheduler to give it."""
    transformers = pytest.importorskip("transformers")
    model, loader = problem()
    data = [{"x": x, "labels": y} for x, y in loader.dataset]
    optimizer = TLR(model.parameters(), **OPTIONS)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        lr_scheduler_type=schedule,
        num_train_epochs=epochs,
        per_device_train_batch_size=8,
        max_grad_norm=0,
        eval_strategy="epoch" if schedule == "reduce_lr_on_plateau" else "no",
        save_steps=16,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )

    class InOrder(transformers.Trainer):
        def _get_train_sampler(self, *_):
            return torch.utils.data.SequentialSampler(data)

    trainer = InOrder(
        WithLoss(model),
        arguments,
        train_dataset=data,
        eval_dataset=data,
        optimizers=(optimizer, build and build(optimizer)),
    )
    trainer.train(resume_from_checkpoint=resume)
    return [p.detach() for p in model.parameters()], optimizer


# What Trainer says of itself and of torch.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("way", ["reduce_lr_on_plateau", "MultiplicativeLR"])
def test_trainer_keeps_alpha(bare_loop, tmp_path, way):
    build = None
    if way == "MultiplicativeLR":
        build = lambda optimizer: torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda step: 1.0)  # noqa: E731
    weights, optimizer = trained(tmp_path, way if build is None else "linear", build)
    expected, alpha = bare_loop
    torch.testing.assert_close(weights, expected, rtol=0, atol=0)
    assert rate(optimizer) == alpha


@pytest.mark.parametrize("schedule", ["linear", "constant", "cosine"])
def test_trainer_with_another_schedule_erases_alpha_and_says_so(tmp_path, schedule):
    with pytest.warns(UserWarning, match="undone the last 3 updates of α.*reduce_lr_on_plateau"):
        _, optimizer = trained(tmp_path, schedule, epochs=8)
    assert rate(optimizer) <= OPTIONS["lr"]


def test_trainer_resumes_in_mid_window(bare_loop, tmp_path):
    expected, alpha = bare_loop
    trained(tmp_path, "reduce_lr_on_plateau")
    weights, optimizer = trained(tmp_path / "again", "reduce_lr_on_plateau", resume=str(tmp_path / "checkpoint-16"))
    torch.testing.assert_close(weights, expected, rtol=0, atol=0)
    assert rate(optimizer) == alpha
