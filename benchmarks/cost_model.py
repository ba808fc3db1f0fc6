"""What a pass of a model costs by its width: arithmetic and bytes, from the shapes in its graph.

`python -m benchmarks.cost_model [MODEL]` prints the tables of docs/performance.md. Nothing is measured here:
the figures follow from the weights' shapes and types, and hold on any machine. The model is the roofline's
(Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009): a pass takes as long as its arithmetic or its
bytes, whichever takes longer.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir

from runtime.manifest import load_manifest
from runtime.store import resolve

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 256)
PREDICTED_WIDTHS = (1, 8, 32, 256)
CONTEXT = 512
"""Cached rows that the tables assume."""

_PRODUCTS = {"MatMulIntegerToFloat": 1, "MatMulInteger": 1, "MatMul": 1, "Gemm": 1, "MatMulNBits": 1}
"""Operators that multiply by a weight, and which input that is."""
_FLOAT_BYTES = {"float32": 4, "float16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """What of a model a pass multiplies, reads and caches."""

    weights: int
    """Multiplications of one token by the layers' matrices."""
    weight_bytes: int
    """Of those matrices, their scales included: read once a pass, whatever its width."""
    head_weights: int
    head_bytes: int
    full_head_weights: int
    """Of a head that can answer every token of the vocabulary, as the float models have it."""
    cached_numbers: int
    """Of one token in the cache, keys and values of all layers."""
    row_bytes: int
    """Cache rows of one token, keys and values of all layers."""
    attention_width: int
    """Products of one token with one cached token, queries and values, all layers."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the roofline needs to know of a machine, and where that is from."""

    name: str
    tera_ops: float
    """Products and sums a second, in 10^12."""
    gigabytes: float
    """Bytes a second from memory, in 10^9."""
    source: str


GPUS = (
    Machine("RTX 3060 12 GB", 25.5, 360, "a quarter of NVIDIA's 101 tensor TFLOPS"),
    Machine("RTX 4090", 165.2, 1008, "NVIDIA Ada GPU Architecture whitepaper, appendix A"),
    Machine("L4", 121.0, 300, "NVIDIA L4 data sheet, half of its figure with sparsity"),
    Machine("A100 40 GB SXM", 312.0, 1555, "NVIDIA A100 data sheet"),
    Machine("H100 80 GB SXM", 989.5, 3350, "NVIDIA H100 data sheet, half of its figure with sparsity"),
)
"""Published peaks: fp16 products summed in fp32, without sparsity. What is announced for GeForce cards of the
30 series is with sparsity, which doubles it, and summed in fp16, which doubles it again."""


def shapes(folder: Path) -> Shapes:
    """Read them from a model folder's graph and manifest; the weights' data is not loaded."""
    manifest = load_manifest(folder)
    graph = ir.load(folder / manifest.graph.file).graph
    products = list(_products(graph))
    layers = [product for product in products if not product[0]]
    head = [product for product in products if product[0]]
    cache = manifest.cache
    row = 0 if cache is None else 2 * cache.layers * cache.kv_heads * cache.head_size
    heads = _query_heads(graph)
    return Shapes(
        weights=sum(count for _, count, _ in layers),
        weight_bytes=sum(size for _, _, size in layers),
        head_weights=sum(count for _, count, _ in head),
        head_bytes=sum(size for _, _, size in head),
        full_head_weights=_embedding(graph),
        cached_numbers=row,
        row_bytes=row * (0 if cache is None else _FLOAT_BYTES[cache.dtype]),
        attention_width=0 if cache is None else 2 * cache.layers * heads * cache.head_size,
    )


def _products(graph: ir.Graph) -> Iterator[tuple[bool, int, int]]:
    """Whether it is the head, and multiplications and bytes of each product with a weight."""
    for node in graph:
        at = _PRODUCTS.get(node.op_type)
        if at is None or len(node.inputs) <= at:
            continue
        value = node.inputs[at]
        weight = None if value is None else value.const_value
        if weight is None or value is None:
            continue
        count = _elements(node, weight)
        scales = (other.const_value for other in node.inputs if other is not None and other is not value)
        size = weight.nbytes + sum(scale.nbytes for scale in scales if scale is not None)
        yield (value.name or "").startswith("head"), count, size


def _elements(node: ir.Node, weight: ir.TensorProtocol) -> int:
    """How many numbers a weight holds; packed ones hold several in a byte."""
    if node.op_type == "MatMulNBits":
        return node.attributes["K"].as_int() * node.attributes["N"].as_int()
    total = 1
    for size in weight.shape.numpy():
        total *= size
    return total


def _embedding(graph: ir.Graph) -> int:
    """Numbers in the embedding's matrix, which the full head is as large as."""
    sizes = [
        value.shape.numpy()
        for name, value in graph.initializers.items()
        if name.startswith("embedding") and value.shape is not None and len(value.shape) == 2
    ]
    return max((rows * columns for rows, columns in sizes), default=0)


def _query_heads(graph: ir.Graph) -> int:
    for node in graph:
        if node.op_type == "GroupQueryAttention":
            return node.attributes["num_heads"].as_int()
    return 0


def operations(model: Shapes, width: int, context: int, predicted: int | None = None) -> int:
    """Multiplications and additions of a pass over `width` tokens behind `context` cached rows.

    `predicted`: how many of them need a prediction; all by default, one in a prefill.
    """
    head = model.head_weights * (width if predicted is None else predicted)
    seen = width * context + width * (width + 1) // 2  # its own tokens see those before them
    return 2 * (model.weights * width + head + model.attention_width * seen)


def traffic(model: Shapes, width: int, context: int) -> int:
    """Bytes that such a pass moves at least: the weights once, the cache once, its own rows."""
    return model.weight_bytes + model.head_bytes + model.row_bytes * (context + width)


def pass_ms(model: Shapes, machine: Machine, width: int, context: int) -> float:
    """The roofline's time of a pass: nothing is quicker, and most things are slower."""
    arithmetic = operations(model, width, context) / machine.tera_ops / 1e12
    memory = traffic(model, width, context) / machine.gigabytes / 1e9
    return max(arithmetic, memory) * 1e3


def turn(model: Shapes, machine: Machine, context: int) -> int:
    """The least width at which a pass is bound by arithmetic, not by memory."""
    low, high = 1, 1 << 20
    while low < high:
        middle = (low + high) // 2
        arithmetic = operations(model, middle, context) / machine.tera_ops / 1e12
        if arithmetic >= traffic(model, middle, context) / machine.gigabytes / 1e9:
            high = middle
        else:
            low = middle + 1
    return low


def as_fp16(model: Shapes) -> Shapes:
    """The same model in float16, as it is run on a GPU."""
    return Shapes(
        weights=model.weights,
        weight_bytes=2 * model.weights,
        head_weights=model.full_head_weights,
        head_bytes=2 * model.full_head_weights,
        full_head_weights=model.full_head_weights,
        row_bytes=model.cached_numbers * 2,
        cached_numbers=model.cached_numbers,
        attention_width=model.attention_width,
    )


def pass_table(model: Shapes) -> list[str]:
    """Markdown: arithmetic, bytes and their ratio by width."""
    lines = ["| tokens in the pass | GFLOP | MB read | FLOP per byte |", "|---:|---:|---:|---:|"]
    for width in WIDTHS:
        work, moved = operations(model, width, CONTEXT), traffic(model, width, CONTEXT)
        lines.append(f"| {width} | {work / 1e9:.2f} | {moved / 1e6:,.0f} | {work / moved:,.1f} |")
    return lines


def shape_table(model: Shapes) -> list[str]:
    """Markdown: what the model is made of."""
    return [
        "| | weights | bytes |",
        "|---|---:|---:|",
        f"| layers | {model.weights / 1e6:,.1f} M | {model.weight_bytes / 1e6:,.1f} MB |",
        f"| head | {model.head_weights / 1e6:,.1f} M | {model.head_bytes / 1e6:,.1f} MB |",
        f"| one token in the cache | | {model.row_bytes / 1e3:,.1f} kB |",
    ]


def prediction_table(model: Shapes) -> list[str]:
    """Markdown: the roofline's bound on published GPUs, in float16."""
    half = as_fp16(model)
    head = " | ".join(_counted(width) for width in PREDICTED_WIDTHS)
    lines = [f"| predicted, fp16 | turns at | {head} |", "|---|---:|---:|---:|---:|---:|"]
    for gpu in GPUS:
        times = " | ".join(f"{pass_ms(half, gpu, width, CONTEXT):.2f} ms" for width in PREDICTED_WIDTHS)
        lines.append(f"| {gpu.name} | {turn(half, gpu, CONTEXT)} | {times} |")
    return lines


def _counted(width: int) -> str:
    return "1 token" if width == 1 else f"{width} tokens"


def tables(folder: Path) -> dict[str, list[str]]:
    """Every table of docs/performance.md that follows from a model's shapes, by its mark there."""
    model = shapes(folder)
    sources = [
        f"- {gpu.name}: {gpu.tera_ops:g} TFLOPS, {gpu.gigabytes:,g} GB/s ({gpu.source})" for gpu in GPUS
    ]
    return {
        "shapes": shape_table(model),
        "pass": pass_table(model),
        "gpus": [*prediction_table(model), "", *sources],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What a pass of a model costs, from its shapes.")
    parser.add_argument("model", nargs="?", help="name or folder; the default model without it")
    for lines in tables(resolve(parser.parse_args().model)).values():
        print("\n".join(lines), end="\n\n")


if __name__ == "__main__":
    main()
