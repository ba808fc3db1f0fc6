import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from runtime import providers
from runtime.errors import RuntimeSetupError, UsageError

AddWheel = Callable[[str, str], None]


@pytest.fixture
def add_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddWheel:
    """Put an installed distribution's metadata before the real ones."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(name: str, version: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    return add


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_version_of", lambda _: None)


class FakeOnnxRuntime(SimpleNamespace):
    """The GPU wheel on a machine of the test's choice."""

    def __init__(self, *, runs_on: list[str], fails: str = "", lists: list[str] | None = None) -> None:
        super().__init__(preloaded=0, severity=2)
        self._runs_on, self._fails = runs_on, fails
        self._lists = lists or [providers.CUDA_PROVIDER, providers.CPU_PROVIDER]

    __hash__ = object.__hash__

    def get_available_providers(self) -> list[str]:
        return self._lists

    def preload_dlls(self) -> None:
        self.preloaded += 1
        print("Failed to load libcublasLt.so.13")

    def set_default_logger_severity(self, level: int) -> None:
        self.severity = level

    def InferenceSession(self, *_: Any, **__: Any) -> Any:
        assert (self.preloaded, self.severity) == (1, 4)
        if self._fails:
            raise RuntimeError(self._fails)
        print("EP Error: falling back")
        return SimpleNamespace(get_providers=lambda: self._runs_on, run=lambda *_: [np.zeros(1)])


@pytest.fixture
def gpu_wheel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeOnnxRuntime]:
    def put(**how: Any) -> FakeOnnxRuntime:
        fake = FakeOnnxRuntime(**how)
        monkeypatch.setattr(
            providers, "_version_of", lambda wheel: "1.32.0" if wheel == providers.GPU_WHEEL else None
        )
        monkeypatch.setitem(sys.modules, "onnxruntime", fake)  # type: ignore[arg-type]
        return fake

    return put


def test_the_one_installed_wheel_is_found() -> None:
    wheel, version = providers.installed_wheel()
    assert wheel in (providers.CPU_WHEEL, providers.GPU_WHEEL)
    assert version == onnxruntime.__version__


@pytest.mark.usefixtures("no_wheel")
def test_no_wheel_names_both_extras() -> None:
    with pytest.raises(RuntimeSetupError, match=r"spanfill\[cpu\].*spanfill\[gpu\]"):
        providers.load_onnxruntime()


def test_two_wheels_name_what_to_uninstall(add_wheel: AddWheel) -> None:
    add_wheel("onnxruntime", "1.32.0")
    add_wheel("onnxruntime-gpu", "1.32.0")
    with pytest.raises(RuntimeSetupError, match="pip uninstall -y onnxruntime onnxruntime-gpu"):
        providers.load_onnxruntime()


@pytest.mark.parametrize("version", ["1.29.1", "0.99", "1.9.0"])
def test_an_old_wheel_is_refused(add_wheel: AddWheel, version: str) -> None:
    add_wheel("onnxruntime", version)
    with pytest.raises(RuntimeSetupError, match=f"onnxruntime {version} is too old.*>=1.30"):
        providers.installed_wheel()


@pytest.mark.parametrize("version", ["1.30.0", "1.30", "1.31.0.dev20261101", "1.100.0", "2.0"])
def test_a_new_enough_wheel_is_taken(add_wheel: AddWheel, version: str) -> None:
    add_wheel("onnxruntime", version)
    assert providers.installed_wheel() == ("onnxruntime", version)


def test_a_wheel_that_does_not_import_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeSetupError, match="can't be imported"):
        providers.load_onnxruntime()


def test_an_unknown_device_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        providers.choose_device("tpu")


def test_the_cpu_wheel_runs_on_the_cpu_only(add_wheel: AddWheel) -> None:
    add_wheel("onnxruntime", "1.32.0")
    assert providers.choose_device("auto") == "cpu"
    assert providers.choose_device("cpu") == "cpu"
    with pytest.raises(RuntimeSetupError, match=r"CPU build.*pip uninstall -y onnxruntime`.*spanfill\[gpu\]"):
        providers.choose_device("cuda")


def test_the_gpu_wheel_takes_cuda_where_it_runs(gpu_wheel: Callable[..., FakeOnnxRuntime]) -> None:
    fake = gpu_wheel(runs_on=[providers.CUDA_PROVIDER, providers.CPU_PROVIDER])
    assert providers.choose_device("auto") == "cuda"
    assert providers.choose_device("cuda") == "cuda"
    assert providers.choose_device("cpu") == "cpu"
    assert providers.usable_devices() == ["cuda", "cpu"]
    assert fake.severity == 2


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"runs_on": [providers.CPU_PROVIDER]}, "no NVIDIA GPU"),
        (
            {"runs_on": [], "fails": "CUDA failure 35\ndriver too old"},
            r"a trial run failed \(CUDA failure 35\)",
        ),
        ({"runs_on": [], "lists": [providers.CPU_PROVIDER]}, "built without CUDA"),
    ],
)
def test_the_gpu_wheel_without_a_gpu_says_so(
    gpu_wheel: Callable[..., FakeOnnxRuntime],
    caplog: pytest.LogCaptureFixture,
    how: dict[str, Any],
    reason: str,
) -> None:
    gpu_wheel(**how)
    with pytest.raises(RuntimeSetupError, match=reason):
        providers.choose_device("cuda")
    assert not caplog.records
    assert providers.choose_device("auto") == "cpu"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert providers.usable_devices() == ["cpu"]


def test_nothing_that_onnxruntime_prints_reaches_stdout(
    gpu_wheel: Callable[..., FakeOnnxRuntime], capsys: pytest.CaptureFixture[str]
) -> None:
    fake = gpu_wheel(runs_on=[providers.CPU_PROVIDER])
    providers.choose_device("auto")
    assert fake.preloaded == 1
    assert capsys.readouterr().out == ""


def test_session_providers_prefer_the_device() -> None:
    assert providers.session_providers("cpu") == [providers.CPU_PROVIDER]
    assert providers.session_providers("cuda") == [providers.CUDA_PROVIDER, providers.CPU_PROVIDER]


def test_the_trial_graph_runs_and_a_silent_fallback_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    session = onnxruntime.InferenceSession(providers._PROBE, providers=providers.session_providers("cpu"))
    assert session.run(None, {"x": np.ones(1, np.float32)})[0].tolist() == [-1.0]
    assert providers.device_of(session) == "cpu"
    assert providers.fallback_warning(session, "cpu") is None
    warning = providers.fallback_warning(session, "cuda")
    assert warning is not None
    assert "fell back to the CPU" in warning
    assert "CUDA_VISIBLE_DEVICES is ''" in warning


def test_a_session_on_cuda_gives_no_warning() -> None:
    session = SimpleNamespace(get_providers=lambda: [providers.CUDA_PROVIDER, providers.CPU_PROVIDER])
    assert providers.device_of(session) == "cuda"
    assert providers.fallback_warning(session, "cuda") is None
