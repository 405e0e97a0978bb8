"""Loggers write the numbers of each epoch, to fakes of TensorBoard and MLflow, and to both where they are installed."""

import sys
from types import SimpleNamespace

import pytest

import himpc
from himpc.errors import DependencyError
from himpc.learning import EpochRecord, MLflowLogger, TensorBoardLogger
from himpc.learning.loggers import metrics_of

SMALL = {"hidden": 16, "heads": 2, "max_epochs": 2, "prior": "none"}


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(people=3, recordings=3, seconds=1.0, difficulty="easy")


def test_what_was_not_measured_is_left_out():
    record = EpochRecord(1, None, {}, {"joint": 3}, {"joint": 1}, 0, None, 0.5)
    assert metrics_of(record) == {"trained": 0, "seconds": 0.5, "clusters/joint": 3, "noise/joint": 1}


def test_tensorboard_gets_each_epoch(walks, monkeypatch, tmp_path):
    written, texts = [], []

    class Writer:
        def __init__(self, folder):
            assert folder == str(tmp_path)

        def add_scalar(self, name, value, step):
            written.append((name, step))

        def add_text(self, name, text):
            texts.append((name, text))

        def flush(self):
            pass

    monkeypatch.setitem(sys.modules, "tensorboard", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    logger = TensorBoardLogger(tmp_path)
    learner = himpc.HiMPC(settings=SMALL, callbacks=[logger]).fit(walks)
    assert [step for name, step in written if name == "seconds"] == [record.epoch for record in learner.history_.epochs]
    logger.on_warning("few clusters")
    assert texts[-1] == ("warnings", "few clusters")


def test_mlflow_gets_each_epoch(walks, monkeypatch):
    steps, tags = [], {}
    fake = SimpleNamespace(log_metrics=lambda metrics, step: steps.append(step), set_tag=tags.__setitem__)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    logger = MLflowLogger()
    learner = himpc.HiMPC(settings=SMALL, callbacks=[logger]).fit(walks)
    assert steps == [record.epoch for record in learner.history_.epochs]
    logger.on_warning("few clusters")
    assert tags["himpc.warning"] == "few clusters"


def test_a_real_log_of_tensorboard_is_written(walks, tmp_path):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    himpc.HiMPC(settings=SMALL, callbacks=[TensorBoardLogger(tmp_path)]).fit(walks)
    assert [file.name.startswith("events.out") for file in tmp_path.iterdir()] == [True]


def test_a_real_run_of_mlflow_is_written(walks, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # where folders are out of fashion
    mlflow.set_tracking_uri(tmp_path.as_uri())
    mlflow.set_experiment("himpc")
    learner = himpc.HiMPC(settings=SMALL, callbacks=[MLflowLogger()])
    with mlflow.start_run() as run:
        learner.fit(walks)
    assert mlflow.get_run(run.info.run_id).data.metrics["seconds"] == learner.history_.epochs[-1].seconds


@pytest.mark.parametrize(
    ("module", "make"), [("tensorboard", lambda: TensorBoardLogger("log")), ("mlflow", MLflowLogger)]
)
def test_a_missing_package_names_its_extra(monkeypatch, module, make):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DependencyError, match=rf"'himpc\[{module}\]'"):
        make()
