#!/usr/bin/python3
"""What the models of ../shared/models must answer on real images, computed by numpy alone (Debian 12).

    /usr/bin/python3 test/vectors/make_real_vectors.py ../shared

writes packages/platform/src/features/models/vectors/real.jsonl: digests of tensors, and outputs in binary64. The ONNX
files are read and interpreted here operator by operator; no runtime is involved. MR objects are read by pydicom.
"""
import hashlib
import json
import os
import struct
import sys
import zlib

import numpy as np
import pydicom

SHARED = sys.argv[1]
OUT = os.path.join(os.path.dirname(__file__), "../../packages/platform/src/features/models/vectors/real.jsonl")


def fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            length = varint() if kind == 2 else 4 if kind == 5 else 8
            yield key >> 3, data[at : at + length]
            at += length


def ints(values):
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
        else:
            out += [v for _, v in fields(b"".join(b"\x08" + part for part in split(value)))]
    return [v - (1 << 64) if v >> 63 else v for v in out]


def split(packed):
    start = 0
    for index, byte in enumerate(packed):
        if byte < 128:
            yield packed[start : index + 1]
            start = index + 1


def grouped(data):
    out = {}
    for number, value in fields(data):
        out.setdefault(number, []).append(value)
    return out


def tensor(data):
    of = grouped(data)
    shape = ints(of.get(1, []))
    kind = of[2][0]
    if 9 in of:
        values = np.frombuffer(of[9][0], {1: "<f4", 6: "<i4", 7: "<i8"}[kind])
    elif kind == 1:
        values = np.frombuffer(b"".join(of[4]), "<f4")
    else:
        values = np.array(ints(of.get(7, of.get(5, []))))
    return of.get(8, [b""])[0].decode(), values.reshape(shape)


def attributes(node):
    out = {}
    for raw in node.get(5, []):
        of = grouped(raw)
        name = of[1][0].decode()
        if 8 in of:
            out[name] = ints(of[8])
        elif 3 in of:
            out[name] = ints(of[3])[0]
        elif 4 in of:
            out[name] = of[4][0].decode()
    return out


def padded(x, at, value):
    """[N, C, H, W] with the borders that the attributes ask for."""
    kernel, strides = at["kernel_shape"], at.get("strides", [1, 1])
    pads = at.get("pads", [0, 0, 0, 0])
    if at.get("auto_pad", "NOTSET") == "SAME_UPPER":
        total = [max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in zip(x.shape[2:], kernel, strides)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    assert at.get("auto_pad", "NOTSET") in ("NOTSET", "VALID", "SAME_UPPER")
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=value)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return windows[:, :, :: strides[0], :: strides[1]]


def run(path, feeds):
    graph = grouped(grouped(open(path, "rb").read())[7][0])
    values = {**feeds, **dict(tensor(raw) for raw in graph.get(5, []))}
    values = {name: v.astype(np.float64) if v.dtype.kind == "f" else v for name, v in values.items()}
    for raw in graph[1]:
        node = grouped(raw)
        kind, at = node[4][0].decode(), attributes(node)
        x = [values[name.decode()] for name in node.get(1, []) if name]
        if kind == "Conv":
            y = np.einsum("nchwij,ocij->nohw", padded(x[0], at, 0), x[1], optimize=True)
            y = y + x[2][:, None, None] if len(x) > 2 else y
        elif kind == "MaxPool":
            y = padded(x[0], at, -np.inf).max(axis=(-2, -1))
        elif kind == "AveragePool":
            y = padded(x[0], at, 0).mean(axis=(-2, -1))
        elif kind == "ReduceMean":
            y = x[0].mean(axis=tuple(at["axes"]), keepdims=bool(at.get("keepdims", 1)))
        elif kind == "Flatten":
            y = x[0].reshape(x[0].shape[0], -1)
        elif kind == "Reshape":
            y = x[0].reshape([x[0].shape[i] if n == 0 else n for i, n in enumerate(x[1])])
        elif kind == "Transpose":
            y = x[0].transpose(at["perm"])
        elif kind == "Softmax":
            e = np.exp(x[0] - x[0].max(axis=-1, keepdims=True))
            y = e / e.sum(axis=-1, keepdims=True)
        else:
            y = {
                "Relu": lambda: np.maximum(x[0], 0),
                "Sqrt": lambda: np.sqrt(x[0]),
                "Sigmoid": lambda: 1 / (1 + np.exp(-x[0])),
                "Add": lambda: x[0] + x[1],
                "Sub": lambda: x[0] - x[1],
                "Mul": lambda: x[0] * x[1],
                "Div": lambda: x[0] / x[1],
                "MatMul": lambda: x[0] @ x[1],
            }[kind]()
        values[node[2][0].decode()] = y
    return values


def png(path):
    """Grey or colour PNG of 8 bits (RFC 2083), without interlacing, as [rows, columns, samples]."""
    data = open(path, "rb").read()
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            columns, rows, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunk)
            assert bits == 8 and interlace == 0 and colour in (0, 2)
        if kind == b"IDAT":
            body += chunk
        at += 12 + length
    samples = 1 if colour == 0 else 3
    raw, width = zlib.decompress(body), columns * samples
    out = np.zeros((rows, width), np.int64)
    for row in range(rows):
        kind, line = raw[row * (width + 1)], raw[row * (width + 1) + 1 : (row + 1) * (width + 1)]
        for i in range(width):
            a = out[row, i - samples] if i >= samples else 0
            b = out[row - 1, i] if row else 0
            c = out[row - 1, i - samples] if row and i >= samples else 0
            near = min((a, b, c), key=lambda v: (abs(a + b - c - v), (a, b, c).index(v)))
            out[row, i] = (line[i] + (0, a, b, (a + b) // 2, near)[kind]) % 256
    return out.reshape(rows, columns, samples)


def axis(data, wants, which):
    """Bilinear, half pixel, along one axis."""
    has = data.shape[which]
    source = np.clip((np.arange(wants) + 0.5) * has / wants - 0.5, 0, has - 1)
    first = np.floor(source).astype(int)
    share = (source - first).reshape([-1 if i == which else 1 for i in range(data.ndim)])
    after = np.minimum(first + 1, has - 1)
    return np.take(data, first, which) * (1 - share) + np.take(data, after, which) * share


def digest(array):
    head = f"float32 {'x'.join(str(n) for n in array.shape)}\n".encode()
    return hashlib.sha256(head + (array.astype("<f4") + np.float32(0)).tobytes()).hexdigest()


lines = []
folder = os.path.join(SHARED, "labelled/nih1000")
model = os.path.join(SHARED, "models/baseline_nih1000_logreg.onnx")
names = sorted(os.listdir(folder))
for name in names[:: len(names) // 12]:
    pixels = png(os.path.join(folder, name))
    assert pixels.shape == (64, 64, 1)
    x = (pixels[None, :, :, 0] / 255).astype(np.float32)[None]
    p = run(model, {"image": x})["p_abnormal"].ravel()
    lines.append({"model": "logreg", "file": f"labelled/nih1000/{name}", "tensorSha256": digest(x), "outputs": p.tolist()})

model = os.path.join(SHARED, "models/brain-tumor-detection_anas436.onnx")
for name in (
    "monai-deploy__Study1_MR000000.dcm",
    "dcm_qa_canon_61__cl_3000_001.dcm",
    "dcm_qa_decubitus__2_t1_fl2d_sag_0001_1.3.12.2.1107.5.2.43.67060.2022040715195856894765855.dcm",
    "pydicom__test_files_MR_small_RLE.dcm",
    "pydicom__test_files_MR_small_bigendian.dcm",
    "example-dicom-structural__dicoms_N2D_0001.dcm",
):
    path = f"corpus/by-modality/MR/{name}"
    values = pydicom.dcmread(os.path.join(SHARED, path)).pixel_array.astype(np.float64)
    unit = ((values - values.min()) / (values.max() - values.min())).astype(np.float32).astype(np.float64)
    small = axis(axis(unit, 224, 1), 224, 0).astype(np.float32)
    x = np.repeat(small[None, :, :, None], 3, axis=3)
    p = run(model, {"input_layer": x})["Identity:0"].ravel()
    lines.append({"model": "tumour", "file": path, "tensorSha256": digest(x), "outputs": p.tolist()})

with open(OUT, "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
