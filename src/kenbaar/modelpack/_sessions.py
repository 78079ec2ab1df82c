"""ONNX Runtime, fenced in: one network, opened from checked bytes; whatever goes wrong in it is a broken pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import PackBroken
from kenbaar.modelpack._closed import require_closed


class Network:
    """One ONNX network with one input, and the outputs asked for by name (or its first, where none are)."""

    def __init__(self, data: bytes, role: str, *, threads: int, outputs: Sequence[str] = ()) -> None:
        require_closed(data, role)
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Spinning threads burn the core that the next photo's decode, or the other worker, would use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.role = role
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as err:
            raise PackBroken(f"The pack's {role} is not a network that can be run.", "Fetch the pack again.") from err
        inputs = self._session.get_inputs()
        names = [output.name for output in self._session.get_outputs()]
        if len(inputs) != 1 or not set(outputs) <= set(names):
            raise PackBroken(f"The pack's {role} has other inputs or outputs than it should.", "Ask the pack's maker.")
        self._input = inputs[0].name
        self._outputs = list(outputs) or names[:1]
        # Many published networks are fixed to one picture at a time; others say a name or nothing for "any number".
        self._one_by_one = inputs[0].shape[:1] == [1]

    def run(
        self, batch: NDArray[np.float32], shapes: Mapping[str, tuple[int, ...]] | tuple[int, ...]
    ) -> list[NDArray[np.float32]]:
        """The outputs, float32 and finite, of the shapes expected (by output name, or one for the only output)."""
        try:
            found = self._answers(batch)
        except Exception as err:
            raise PackBroken(f"The pack's {self.role} cannot be run on its input.", "Ask the pack's maker.") from err
        for name, values in zip(self._outputs, found, strict=True):
            shape = shapes if isinstance(shapes, tuple) else shapes[name]
            if getattr(values, "dtype", None) != np.float32 or values.shape != shape:
                raise PackBroken(f"The pack's {self.role} answers in another shape than it should.", "Ask its maker.")
            if not np.isfinite(values).all():
                raise PackBroken(f"The pack's {self.role} answers with values that are no numbers.", "Ask its maker.")
        return [np.asarray(values) for values in found]

    def run_unchecked(self, batch: NDArray[np.float32]) -> object:
        """The inference and nothing else, for benchmarks."""
        return self._answers(batch)

    def _answers(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        if not self._one_by_one or len(batch) == 1:
            return list(self._session.run(self._outputs, {self._input: batch}))
        each = [self._session.run(self._outputs, {self._input: batch[i : i + 1]}) for i in range(len(batch))]
        return [np.concatenate(values) for values in zip(*each, strict=True)]
