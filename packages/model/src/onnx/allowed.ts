/** Limits of what intake takes. */
export const ONNX_LIMITS = {
  fileBytesMax: 2 ** 30,
  tensorElementsMax: 2 ** 28,
  nodesMax: 20_000,
  irVersionMax: 12,
  /** Smallest and largest version of the operators of each domain. */
  opsets: new Map<string, readonly [least: number, most: number]>([
    ['ai.onnx', [7, 22]],
    ['ai.onnx.ml', [1, 5]],
  ]),
} as const;

/**
 * The operators of `ai.onnx` that a model may use: those that compute a tensor from tensors of a bounded size, always
 * the same one. Not there, on purpose: what carries graphs of its own (If, Loop, Scan, SequenceMap), what is random,
 * what handles text, sequences or optional values, and training. `ConstantOfShape`, `Expand`, `Tile`, `Range` and
 * `Resize` can make a large tensor out of a small file: the memory limit of the process holds those.
 */
const CORE = `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitwiseAnd
  BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat Constant
  ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf
  Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool
  GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization GRU HardSigmoid HardSwish Hardmax Identity
  InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool
  LRN LSTM MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization Min Mish Mod Mul Neg
  NonMaxSuppression NonZero Not OneHot Or Pad Pow PRelu QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal
  ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
  Relu Reshape Resize RNN RoiAlign Round ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice
  Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu
  Unsqueeze Upsample Where Xor`;

/** Of `ai.onnx.ml`: trees and linear models, scalers; nothing that handles text or maps. */
const CLASSICAL = `ArrayFeatureExtractor Binarizer FeatureVectorizer Imputer LinearClassifier LinearRegressor
  Normalizer Scaler SVMClassifier SVMRegressor TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor`;

const names = (domain: string, list: string): string[] => list.split(/\s+/).map((name) => `${domain}::${name}`);

export const ALLOWED_OPERATORS: ReadonlySet<string> = new Set([
  ...names('ai.onnx', CORE),
  ...names('ai.onnx.ml', CLASSICAL),
]);
