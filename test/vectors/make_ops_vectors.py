#!/usr/bin/python3
"""Conformance vectors of the operations ops/1, made by numpy and pydicom (Debian 12: 1.24.2 and 2.3.1).

    /usr/bin/python3 test/vectors/make_ops_vectors.py

writes packages/model/src/ops/vectors/*.jsonl and SHA256SUMS anew, always with the same bytes. Nothing in here is
translated from the TypeScript: sampling is written as matrices, percentiles, look-up tables and windows are those of
the libraries, orientation is transposing and flipping with the affine as witness.
"""
import base64
import hashlib
import io
import json
import os

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

OUT = os.path.join(os.path.dirname(__file__), "../../packages/model/src/ops/vectors")
rng = np.random.default_rng(20260101)
made = {}


def numbers(array):
    return [int(v) if v == int(v) and str(v) != "-0.0" else float(v) for v in np.asarray(array, dtype=np.float32).ravel()]


def image(data, photometric="MONOCHROME2", range_=(0, 1), geometry=None):
    """data: [slices, rows, columns, channels]"""
    out = {"shape": list(data.shape), "data": numbers(data), "photometric": photometric, "range": list(range_)}
    if geometry is not None:
        out["geometry"] = geometry
    return out


def vector(op, name, steps, inputs, output=None, exact=False, affine=None, refused=None, range_=None):
    entry = {"name": name, "steps": steps, "inputs": inputs, "exact": exact}
    if refused is not None:
        entry["refused"] = refused
    else:
        entry["output"] = {"shape": list(output.shape), "data": numbers(output)}
    if affine is not None:
        entry["affine"] = [[float(v) for v in row] for row in affine]
    if range_ is not None:
        entry["range"] = [float(v) for v in range_]
    made.setdefault(op, []).append(entry)


def grid(slices, rows, columns, channels=1, low=0.0, high=1.0):
    return rng.uniform(low, high, (slices, rows, columns, channels)).astype(np.float32)


# --- decode, modalityLut, voi of the header: whole objects, read by pydicom


def dicom(pixels, photometric="MONOCHROME2", bits=16, stored=12, signed=False, extra=None):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds = FileDataset("x", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    ds.PhotometricInterpretation = photometric
    if pixels.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, stored, stored - 1
    ds.PixelRepresentation = 1 if signed else 0
    ds.PixelData = pixels.astype(("<i" if signed else "<u") + str(bits // 8)).tobytes()
    for key, value in (extra or {}).items():
        setattr(ds, key, value)
    return ds


def from_dicom(op, name, ds, steps, of, exact=False):
    buffer = io.BytesIO()
    ds.save_as(buffer, write_like_original=False)
    read = pydicom.dcmread(io.BytesIO(buffer.getvalue()))
    out = np.asarray(of(read), dtype=np.float64)
    out = out.reshape((1,) + out.shape + ((1,) if out.ndim == 2 else ()))
    made.setdefault(op, []).append(
        {
            "name": name,
            "steps": steps,
            "dicom": base64.b64encode(buffer.getvalue()).decode(),
            "exact": exact,
            "output": {"shape": list(out.shape), "data": numbers(out)},
        }
    )


def table(first, entries, bits=16):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "US", list(entries))
    return item


stored12 = rng.integers(0, 4096, (6, 8))
signed12 = rng.integers(-2048, 2048, (6, 8))
rgb8 = rng.integers(0, 256, (5, 4, 3))
ct = {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
pixels = lambda ds: ds.pixel_array
hu = lambda ds: apply_modality_lut(ds.pixel_array, ds)
from_dicom("decode", "12 of 16 bits", dicom(stored12), [], pixels, True)
from_dicom("decode", "signed", dicom(signed12, signed=True, stored=16), [], pixels, True)
from_dicom("decode", "8 bits", dicom(stored12 >> 4, bits=8, stored=8), [], pixels, True)
from_dicom("decode", "RGB", dicom(rgb8, "RGB", 8, 8), [], pixels, True)
MODALITY = [{"op": "modalityLut"}]
from_dicom("modality-lut", "rescale of CT", dicom(stored12, extra=ct), MODALITY, hu, True)
from_dicom("modality-lut", "slope below 1", dicom(stored12, extra={"RescaleSlope": "0.37", "RescaleIntercept": "-3.5"}), MODALITY, hu)
from_dicom("modality-lut", "none", dicom(stored12), MODALITY, hu, True)
from_dicom(
    "modality-lut",
    "a table, values beyond both ends",
    dicom(stored12 % 40, extra={"ModalityLUTSequence": Sequence([table(10, [v * v + 7 for v in range(20)])])}),
    MODALITY,
    hu,
    True,
)
padded = np.where(stored12 < 400, 4000, stored12)
from_dicom(
    "modality-lut",
    "padding takes a value of its own",
    dicom(padded, extra={**ct, "PixelPaddingValue": 4000}),
    [{"op": "modalityLut", "padding": -1024}],
    lambda ds: np.where(ds.pixel_array == 4000, -1024, hu(ds)),
    True,
)


def windowed(ds):
    """pydicom maps to the range of the stored values after their rescale; ops/1 maps to 0 to 1."""
    values = apply_modality_lut(ds.pixel_array, ds)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    low, high = intercept, (2**ds.BitsStored - 1) * slope + intercept
    return (apply_voi_lut(values, ds, index=0) - low) / (high - low)


HEADER = [{"op": "modalityLut"}, {"op": "voi", "mode": "header"}]
for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
    window = {**ct, "WindowCenter": "40", "WindowWidth": "400", "VOILUTFunction": function}
    from_dicom("voi", f"window of the header, {function}", dicom(stored12 // 2, extra=window), HEADER, windowed)
from_dicom(
    "voi",
    "table of the header",
    dicom(stored12, extra={"VOILUTSequence": Sequence([table(0, [v * 16 for v in range(4096)])])}),
    HEADER,
    lambda ds: apply_voi_lut(ds.pixel_array, ds, index=0) / 65535,
)

# --- photometric

grey = grid(1, 5, 6, 1, 0, 4095).round()
colour = grid(1, 4, 5, 3, 0, 255).round()
vector("photometric", "MONOCHROME1 is turned", [{"op": "photometric", "to": "MONOCHROME2"}], [image(grey, "MONOCHROME1", (0, 4095))], 4095 - grey, True)
vector("photometric", "signed MONOCHROME1", [{"op": "photometric", "to": "MONOCHROME2"}], [image(grey - 2048, "MONOCHROME1", (-2048, 2047))], -1 - (grey - 2048), True)
vector("photometric", "MONOCHROME2 stays", [{"op": "photometric", "to": "MONOCHROME2"}], [image(grey, range_=(0, 4095))], grey, True)
vector("photometric", "grey to RGB", [{"op": "photometric", "to": "RGB"}], [image(grey, range_=(0, 4095))], np.repeat(grey, 3, axis=3), True)
for weights, of in (("rec601", [0.299, 0.587, 0.114]), ("rec709", [0.2126, 0.7152, 0.0722]), ("mean", [1 / 3] * 3)):
    vector(
        "photometric",
        f"RGB to grey by {weights}",
        [{"op": "photometric", "to": "MONOCHROME2", "weights": weights}],
        [image(colour, "RGB", (0, 255))],
        (colour.astype(np.float64) @ np.array(of))[..., None],
    )
vector("photometric", "RGB to grey needs weights", [{"op": "photometric", "to": "MONOCHROME2"}], [image(colour, "RGB", (0, 255))], refused="model/operation")

# --- voi by numbers

values = grid(1, 7, 9, 1, -1000, 1500)
wide = values.astype(np.float64)


def between(low, high):
    return np.clip((wide - low) / (high - low), 0, 1)


vector("voi", "window", [{"op": "voi", "mode": "window", "center": 40, "width": 400}], [image(values)], np.clip((wide - 39.5) / 399 + 0.5, 0, 1), range_=(0, 1))
vector("voi", "window of width 1 is a threshold", [{"op": "voi", "mode": "window", "center": 40, "width": 1}], [image(values)], (wide > 39.5) * 1.0, True)
vector("voi", "fixed", [{"op": "voi", "mode": "fixed", "lo": -600, "hi": 200}], [image(values)], between(-600, 200))
vector("voi", "minmax", [{"op": "voi", "mode": "minmax"}], [image(values)], between(wide.min(), wide.max()))
for lo, hi in ((0.5, 99.5), (1, 99), (0, 100), (12.5, 80)):
    low, high = np.percentile(wide, [lo, hi])
    vector("voi", f"percentile {lo} to {hi}", [{"op": "voi", "mode": "percentile", "lo": lo, "hi": hi}], [image(values)], between(low, high))
flat = np.full((1, 3, 3, 1), 7, np.float32)
for mode in ({"mode": "minmax"}, {"mode": "percentile", "lo": 1, "hi": 99}):
    vector("voi", f"one value only, {mode['mode']}", [{"op": "voi", **mode}], [image(flat)], flat * 0, True)

# --- scale, normalise

vector("scale", "from all values that can be", [{"op": "scale", "to": [0, 1]}], [image(grey, range_=(0, 4095))], grey.astype(np.float64) / 4095, range_=(0, 1))
vector("scale", "from named ends, nothing cut off", [{"op": "scale", "from": [-1000, 1000], "to": [-1, 1]}], [image(values, range_=(-1024, 3071))], wide / 1000, range_=(-1.024, 3.071))
vector("scale", "turned", [{"op": "scale", "to": [1, 0]}], [image(grey, range_=(0, 4095))], 1 - grey.astype(np.float64) / 4095, range_=(0, 1))
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
unit = grid(1, 4, 5, 3)
vector("normalise", "constants of each channel", [{"op": "normalise", "by": "constants", "mean": mean, "std": std}], [image(unit, "RGB")], (unit.astype(np.float64) - mean) / std)
vector("normalise", "by the image", [{"op": "normalise", "by": "image"}], [image(values, range_=(-1024, 3071))], (wide - wide.mean()) / wide.std())
vector("normalise", "one value only", [{"op": "normalise", "by": "image"}], [image(flat)], flat * 0, True)
vector("normalise", "a mean too few", [{"op": "normalise", "by": "constants", "mean": [0.5], "std": [0.5]}], [image(unit, "RGB")], refused="model/operation")

# --- resize: each axis is a matrix


def matrix(has, wants, interp, coord, antialias=False):
    out = np.zeros((wants, has))
    i = np.arange(wants)
    if coord == "half_pixel":
        source = (i + 0.5) * has / wants - 0.5
    elif coord == "asymmetric":
        source = i * has / wants
    else:
        source = np.linspace(0, has - 1, wants) if wants > 1 else np.zeros(1)
    if antialias and has > wants:
        # A tent of the width of an output pixel over the centres of the input's pixels.
        ratio = has / wants
        centres = np.arange(has) + 0.5
        tents = np.maximum(0, 1 - np.abs((centres[None, :] - ((i + 0.5) * ratio)[:, None]) / ratio))
        return tents / tents.sum(axis=1, keepdims=True)
    if interp == "nearest":
        index = np.floor(source) if coord == "asymmetric" else np.floor(source + 0.5)
        out[i, np.clip(index, 0, has - 1).astype(int)] = 1
        return out
    for row, s in enumerate(np.clip(source, 0, has - 1)):
        out[row] = np.interp(s, np.arange(has), np.eye(has)[0]) if has == 1 else [
            max(0.0, 1 - abs(s - column)) for column in range(has)
        ]
    return out


def resized(data, size, interp, coord, antialias=False):
    out = data.astype(np.float64)
    axes = (0, 1, 2) if len(size) == 3 else (1, 2)
    for axis, wants in zip(axes, size):
        m = matrix(out.shape[axis], wants, interp, coord, antialias)
        out = np.moveaxis(np.tensordot(m, out, axes=(1, axis)), 0, axis)
    return out


small = grid(1, 7, 10, 1)
three = grid(1, 6, 5, 3)
cube = grid(5, 6, 7, 1)
for interp in ("nearest", "bilinear"):
    for coord in ("half_pixel", "align_corners", "asymmetric"):
        for size in ([4, 5], [13, 17], [7, 10], [1, 1], [3, 20]):
            step = {"op": "resize", "size": size, "interp": interp, "coord": coord}
            vector("resize", f"{interp} {coord} {size}", [step], [image(small)], resized(small, size, interp, coord), interp == "nearest")
for size in ([3, 4], [2, 3], [7, 5], [1, 1], [14, 3]):
    step = {"op": "resize", "size": size, "interp": "bilinear", "coord": "half_pixel", "antialias": True}
    vector("resize", f"antialias {size}", [step], [image(small)], resized(small, size, "bilinear", "half_pixel", True))
step = {"op": "resize", "size": [4, 4], "interp": "bilinear", "coord": "half_pixel"}
vector("resize", "colour", [step], [image(three, "RGB")], resized(three, [4, 4], "bilinear", "half_pixel"))
step = {"op": "resize", "size": [3, 4, 9], "interp": "bilinear", "coord": "half_pixel"}
GEOMETRY = {"position": [-10, -20, 30], "axes": [[0, 0, 1], [0, 1, 0], [1, 0, 0]], "spacing": [2.5, 0.5, 0.75]}


def affine_of(geometry):
    out = np.eye(4)
    for index in range(3):
        out[:3, index] = np.array(geometry["axes"][index]) * geometry["spacing"][index]
    out[:3, 3] = geometry["position"]
    return out


def half_pixel_affine(has, gets):
    """From places of the output to places of the input."""
    out = np.eye(4)
    for axis in range(3):
        ratio = has[axis] / gets[axis]
        out[axis, axis], out[axis, 3] = ratio, 0.5 * ratio - 0.5
    return out


vector("resize", "a volume, and where it lies", [step], [image(cube, geometry=GEOMETRY)], resized(cube, [3, 4, 9], "bilinear", "half_pixel"), affine=affine_of(GEOMETRY) @ half_pixel_affine((5, 6, 7), (3, 4, 9)))
for shape, size in (((7, 10), (8, 8)), ((10, 7), (5, 9)), ((6, 6), (9, 4)), ((5, 9), (20, 21))):
    data = grid(1, shape[0], shape[1], 1, 1, 2)
    factor = min(size[0] / shape[0], size[1] / shape[1])
    inner = [int(np.floor(s * factor + 0.5)) for s in shape]
    core = resized(data, inner, "bilinear", "half_pixel", True)
    before = [(size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2]
    after = [size[0] - inner[0] - before[0], size[1] - inner[1] - before[1]]
    out = np.pad(core, ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)), constant_values=-3)
    step = {"op": "resize", "size": list(size), "interp": "bilinear", "coord": "half_pixel", "antialias": True, "keepAspect": "pad", "padValue": -3}
    vector("resize", f"{shape} kept in its proportions within {size}", [step], [image(data)], out, range_=(-3, 1))
vector("resize", "antialias of nearest", [{"op": "resize", "size": [2, 2], "interp": "nearest", "coord": "half_pixel", "antialias": True}], [image(small)], refused="model/operation")

# --- crop, pad

box = rng.integers(0, 1000, (5, 6, 7, 2)).astype(np.float32)
vector("crop", "centre", [{"op": "crop", "size": [3, 4]}], [image(box)], box[:, 1:4, 1:5], True)
vector("crop", "centre of a volume, and where it lies", [{"op": "crop", "size": [2, 3, 4], "at": "centre"}], [image(box, geometry=GEOMETRY)], box[1:3, 1:4, 1:5], True, affine=affine_of(GEOMETRY) @ np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1.0]]))
vector("crop", "start", [{"op": "crop", "size": [3, 4], "at": "start"}], [image(box)], box[:, :3, :4], True)
vector("crop", "end", [{"op": "crop", "size": [3, 4], "at": "end"}], [image(box)], box[:, 3:, 3:], True)
vector("crop", "more than there is", [{"op": "crop", "size": [9, 4]}], [image(box)], refused="model/operation")
vector("pad", "centre", [{"op": "pad", "size": [9, 8], "value": -1}], [image(box)], np.pad(box, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=-1), True, range_=(-1, 1))
vector("pad", "a volume at the start", [{"op": "pad", "size": [6, 6, 9], "value": 0, "at": "start"}], [image(box)], np.pad(box, ((0, 1), (0, 0), (0, 2), (0, 0))), True)
vector("pad", "at the end, and where it lies", [{"op": "pad", "size": [7, 8], "value": 0, "at": "end"}], [image(box, geometry=GEOMETRY)], np.pad(box, ((0, 0), (1, 0), (1, 0), (0, 0))), True, affine=affine_of(GEOMETRY) @ np.array([[1, 0, 0, 0], [0, 1, 0, -1], [0, 0, 1, -1], [0, 0, 0, 1.0]]))
vector("pad", "less than there is", [{"op": "pad", "size": [3, 8], "value": 0}], [image(box)], refused="model/operation")

# --- orientation: transposed and flipped; the affine says that every value stayed where it is in the patient

AXIS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


def oriented(data, geometry, to):
    affine = affine_of(geometry)
    cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    nearest = np.abs(cosines).argmax(axis=0)
    order, flips = [], []
    for letter in reversed(to):
        axis, sign = AXIS[letter]
        index = int(np.where(nearest == axis)[0][0])
        order.append(index)
        flips.append(np.sign(cosines[axis, index]) != sign)
    out = np.transpose(data, order + [3])
    move = np.zeros((4, 4))
    move[3, 3] = 1
    for place, (index, flip) in enumerate(zip(order, flips)):
        move[index, place] = -1 if flip else 1
        if flip:
            out = np.flip(out, axis=place)
            move[index, 3] = data.shape[index] - 1
    return out, affine @ move


angle = np.deg2rad(15)
OBLIQUE = {
    "position": [5, 6, 7],
    "axes": [[0, -float(np.sin(angle)), float(np.cos(angle))], [0, float(np.cos(angle)), float(np.sin(angle))], [1, 0, 0]],
    "spacing": [3, 1, 1],
}
SAGITTAL = {"position": [1, 2, 3], "axes": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "spacing": [4, 0.5, 0.6]}
for label, geometry in (("axial", GEOMETRY), ("sagittal", SAGITTAL), ("oblique", OBLIQUE)):
    for to in ("LPS", "RAS", "RAI", "LPI", "PSL", "SAR"):
        out, affine = oriented(box, geometry, to)
        vector("orientation", f"{label} to {to}", [{"op": "orientation", "to": to}], [image(box, geometry=geometry)], out, True, affine=affine)
vector("orientation", "without orientation", [{"op": "orientation", "to": "LPS"}], [image(box)], refused="orientation/no-position")
vector("orientation", "an axis twice", [{"op": "orientation", "to": "LRS"}], [image(box, geometry=GEOMETRY)], refused="model/operation")

# --- volume

VOLUME = [{"op": "volume"}]


def slices(places, shift=None, data=None, spacing=(0.5, 0.75), row=(0, 1, 0), column=(1, 0, 0)):
    normal = np.cross(column, row)
    out = []
    for index, z in enumerate(places):
        position = np.array([-10.0, -20, 0]) + normal * z
        if shift is not None:
            position = position + np.array(row) * shift * index
        geometry = {"position": [float(v) for v in position], "axes": [[float(v) for v in a] for a in (normal, row, column)], "spacing": [0, *spacing]}
        out.append(image(data[index][None], geometry=geometry, range_=(0, index + 1)))
    return out


stack = grid(6, 3, 4, 1)
order = [3, 0, 5, 1, 4, 2]
places = [10 + 2.5 * index for index in range(6)]
shuffled = slices([places[index] for index in order], data=[stack[index] for index in order])
expected = {"position": [-10, -20, 10], "axes": [[0, 0, 1], [0, 1, 0], [1, 0, 0]], "spacing": [2.5, 0.5, 0.75]}
vector("volume", "slices in any order", VOLUME, shuffled, stack, True, affine=affine_of(expected), range_=(0, 6))
# The normal points down: the first slice is the highest.
down = slices([0, 2, 4], data=stack, row=(0, -1, 0))
vector("volume", "a normal to the feet", VOLUME, down, stack[:3], True, affine=affine_of({"position": [-10, -20, 0], "axes": [[0, 0, -1], [0, -1, 0], [1, 0, 0]], "spacing": [2, 0.5, 0.75]}))
vector("volume", "distances within the tolerance", VOLUME, slices([0, 1, 2.02, 3], data=stack), stack[:4], True)
vector("volume", "one slice is enough where the manifest says so", [{"op": "volume", "slicesMin": 1}], slices([7], data=stack), stack[:1], True)
vector("volume", "a slice is missing", VOLUME, slices([0, 1, 2, 4, 5, 6], data=stack), refused="volume/missing-slice")
vector("volume", "three slices are missing", VOLUME, slices([0, 1, 5, 6, 7, 8], data=stack), refused="volume/missing-slice")
vector("volume", "uneven", VOLUME, slices([0, 1, 2.3, 3.3, 4.3, 5.3], data=stack), refused="volume/uneven-spacing")
vector("volume", "the same place twice", VOLUME, slices([0, 1, 1, 2, 3, 4], data=stack), refused="volume/duplicate-position")
vector("volume", "a tilted gantry", VOLUME, slices([0, 1, 2, 3, 4, 5], shift=0.27, data=stack), refused="volume/gantry-tilt")
mixed = slices([0, 1], data=stack) + slices([2], data=[stack[2][:, :3]])
vector("volume", "slices of two sizes", VOLUME, mixed, refused="volume/mixed-size")
turned = slices([0, 1], data=stack) + slices([2], data=stack[2:], row=(0, 0.8, 0.6))
vector("volume", "slices that are not parallel", VOLUME, turned, refused="volume/mixed-orientation")
coarse = slices([0, 1], data=stack) + slices([2], data=stack[2:], spacing=(0.5, 0.8))
vector("volume", "two pixel spacings", VOLUME, coarse, refused="volume/mixed-spacing")
vector("volume", "no positions", VOLUME, [image(stack[:1]), image(stack[1:2])], refused="volume/no-position")
vector("volume", "too few slices", [{"op": "volume", "slicesMin": 4}], slices([0, 1, 2], data=stack), refused="volume/slice-count")
vector("volume", "too many slices", [{"op": "volume", "slicesMax": 2}], slices([0, 1, 2], data=stack), refused="volume/slice-count")

# --- layout: the tensor, and its digest


def laid(name, to, data, out):
    head = f"float32 {'x'.join(str(n) for n in out.shape)}\n".encode()
    body = (np.asarray(out, dtype="<f4") + np.float32(0)).tobytes()
    vector("layout", name, [{"op": "layout", "to": to}], [image(data, "RGB" if data.shape[3] == 3 else "MONOCHROME2")], out, True)
    made["layout"][-1]["sha256"] = hashlib.sha256(head + body).hexdigest()


signs = np.array([[-0.0, 0.0], [1.5, -2]], np.float32)[None, :, :, None]
laid("NCHW of a colour image", "NCHW", three, np.transpose(three, (0, 3, 1, 2)))
laid("NHWC of a colour image", "NHWC", three, three)
laid("NCDHW of a volume", "NCDHW", box, np.transpose(box, (3, 0, 1, 2))[None])
laid("NDHWC of a volume", "NDHWC", box, box[None])
laid("a negative zero is zero", "NCHW", signs, np.transpose(signs, (0, 3, 1, 2)) + np.float32(0))
vector("layout", "NCHW of a volume", [{"op": "layout", "to": "NCHW"}], [image(box)], refused="model/operation")
vector("layout", "two images", [{"op": "layout", "to": "NCHW"}], [image(three, "RGB"), image(three, "RGB")], refused="model/operation")

os.makedirs(OUT, exist_ok=True)
sums = []
for op, vectors in sorted(made.items()):
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in vectors)
    with open(os.path.join(OUT, f"{op}.jsonl"), "w") as file:
        file.write(text)
    sums.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {op}.jsonl\n")
with open(os.path.join(OUT, "SHA256SUMS"), "w") as file:
    file.writelines(sums)
