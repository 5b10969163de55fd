import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { checkOnnx } from './check.ts';
import { reluModel } from './onnx.fixture.ts';
import { readOnnx } from './read.ts';
import { bytes, integer, message, type Part, text } from './write.ts';
import { modelOf, node, opset, value } from './write-model.ts';

const CLAIM = { file: 'model.onnx', opset: 17, domains: ['ai.onnx'], inputs: ['x'], outputs: ['y'] };
const IN = value(11, 'x', [1, 4]);
const OUT = value(12, 'y', [1, 4]);
const found = (graph: Part[], more?: Part[]): string[] =>
  checkOnnx(readOnnx(modelOf(graph, more)), CLAIM).map(({ code, what }) => `${code} ${what}`);

test('a sound model is read whole and has nothing against it', () => {
  const model = readOnnx(reluModel());
  assert.deepEqual(checkOnnx(model, CLAIM), []);
  assert.deepEqual(model.inputs, [{ name: 'x', type: 'float32', dims: [1, 'n'] }]);
  assert.deepEqual([...model.operators], [['ai.onnx::Relu', 1]]);
  assert.deepEqual([...model.opsets], [['ai.onnx', 17]]);
  assert.equal(model.producer, 'acervo');
});

test('metadata and the weights of initialisers are counted; those are no inputs', () => {
  const weights = bytes(
    5,
    message(integer(1, 2), integer(1, 3), integer(2, 1), text(8, 'w'), bytes(9, new Uint8Array(24))),
  );
  const entry = bytes(14, message(text(1, 'author'), text(2, 'somebody')));
  const model = readOnnx(
    modelOf([node({ type: 'Relu' }), weights, IN, value(11, 'w', [2, 3]), OUT], [opset(17), entry]),
  );
  assert.equal(model.tensors.elementsMax, 6);
  assert.equal(model.metadata.get('author'), 'somebody');
  assert.deepEqual(
    model.inputs.map(({ name }) => name),
    ['x'],
  );
});

test('a custom operator, a function and a domain of somebody are refused', () => {
  const own = node({ type: 'Own', domain: 'org.example' });
  const body = bytes(25, message(text(1, 'F'), bytes(7, text(4, 'Relu')), text(10, 'org.example')));
  assert.deepEqual(found([own, IN, OUT], [opset(17), opset(1, 'org.example'), body]), [
    'model/operator operators of the domain org.example',
    'model/operator org.example::Own is not of the allowed operators',
    'model/operator defines the function org.example::F',
  ]);
});

test('a loop is refused, and what hides in its body is seen', () => {
  const body = bytes(6, message(node({ type: 'Evil', domain: 'org.example' })));
  const loop = node({ type: 'Loop', attributes: [message(text(1, 'body'), body)] });
  assert.deepEqual(found([loop, IN, OUT]), [
    'model/operator org.example::Evil is not of the allowed operators',
    'model/operator ai.onnx::Loop carries a graph of its own',
  ]);
});

test('weights in another file are refused, whichever of the two marks says so', () => {
  const path = bytes(13, message(text(1, 'location'), text(2, '../../etc/passwd')));
  for (const mark of [path, integer(14, 1)]) {
    const tensor = bytes(5, message(integer(1, 4), integer(2, 1), text(8, 'w'), mark));
    assert.deepEqual(found([node({ type: 'Relu' }), tensor, IN, OUT]), [
      'model/external-data tensor w lies outside of the file',
    ]);
  }
});

test('a tensor of 10 GB, an opset of tomorrow, another output, another type', () => {
  const huge = bytes(5, message(integer(1, 2_500_000_000), integer(2, 1), text(8, 'w')));
  assert.deepEqual(found([node({ type: 'Relu' }), huge, IN, value(12, 'z', [1])], [opset(99)]), [
    'model/opset ai.onnx version 99: 7 to 22 are run here',
    'model/manifest opset 99, the manifest says 17',
    'model/limit a tensor of 2500000000 elements',
    'model/manifest no output named y',
  ]);
  assert.deepEqual(found([node({ type: 'Relu' }), value(11, 'x', [1], 8), value(11, 'more', [1]), OUT]), [
    'model/manifest input more is not in the manifest',
    'model/tensor input x is string, not float32',
  ]);
});

test('no graph, two graphs, graphs without end, dimensions below zero: not sound', () => {
  let nested = message(node({ type: 'Relu' }));
  for (let depth = 0; depth < 12; depth++) {
    nested = message(node({ type: 'If', attributes: [message(text(1, 'b'), bytes(6, nested))] }));
  }
  const negative = bytes(5, message(integer(1, -4), text(8, 'w')));
  const files = [
    message(integer(1, 8)),
    message(integer(1, 8), bytes(7, new Uint8Array(0)), bytes(7, new Uint8Array(0))),
    message(integer(1, 8), bytes(7, nested)),
    modelOf([negative]),
    new TextEncoder().encode('\x80\x04\x95pickle'),
    new Uint8Array(0),
  ];
  for (const file of files) {
    assert.throws(
      () => readOnnx(file),
      (thrown) => thrown instanceof Failure && thrown.code === 'model/onnx-malformed',
    );
  }
});
