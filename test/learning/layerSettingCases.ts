import {
  ACTIVATED,
  alongTime,
  conv2d,
  dense,
  globalPool,
  groupNorm,
  mapped,
  pool2d,
  type Reference,
  runningNorm,
  zeroPadding,
} from "./layerReference.ts";

/** A layer, its settings, the shape of a record, and what it computes. */
type Case = readonly [className: string, config: object, inputShape: readonly number[], reference: Reference];

const IMAGE = [5, 6, 4];
const WINDOW = [7, 3];
const conv = { filters: 3, kernel_size: [2, 3] };
const window = { size: [2, 3], strides: [1, 2] } as const;
const pool = { pool_size: [2, 3], strides: [1, 2] };
const reshaped =
  (...shape: readonly number[]): Reference =>
  ({ shape: [batch = 0], data }) => ({ shape: [batch, ...shape], data });

/** Each setting that is honoured, at values that are not the default, beside what it means. */
export const HONOURED: readonly Case[] = [
  ...Object.keys(ACTIVATED).map((name): Case => ["Dense", { units: 3, activation: name }, [4], dense(name)]),
  ["Dense", { units: 3, use_bias: false, activation: null }, [2, 4], dense("linear")],
  ["Activation", { activation: "tanh" }, [4], mapped(Math.tanh)],
  [
    "Conv2D",
    { ...conv, strides: [1, 2], padding: "same", activation: "tanh" },
    IMAGE,
    conv2d([1, 2], "same", "tanh"),
  ],
  [
    "Conv2D",
    { ...conv, strides: [2, 1], padding: "valid", use_bias: false },
    IMAGE,
    conv2d([2, 1], "valid", "linear"),
  ],
  [
    "Conv2D",
    { ...conv, kernel_size: 2, strides: 2, padding: "same" },
    IMAGE,
    conv2d([2, 2], "same", "linear"),
  ],
  [
    "Conv1D",
    { filters: 2, kernel_size: [3], strides: [2], padding: "same", activation: "sigmoid" },
    WINDOW,
    alongTime(conv2d([1, 2], "same", "sigmoid")),
  ],
  [
    "Conv1D",
    { filters: 2, kernel_size: 4, padding: "valid" },
    WINDOW,
    alongTime(conv2d([1, 1], "valid", "linear")),
  ],
  ["MaxPooling2D", { ...pool, padding: "same" }, IMAGE, pool2d({ ...window, padding: "same" }, "max")],
  ["AveragePooling2D", { ...pool, padding: "same" }, IMAGE, pool2d({ ...window, padding: "same" }, "mean")],
  ["AveragePooling2D", { ...pool, padding: "valid" }, IMAGE, pool2d({ ...window, padding: "valid" }, "mean")],
  [
    "MaxPooling2D",
    { pool_size: 2, strides: null },
    IMAGE,
    pool2d({ size: [2, 2], strides: [2, 2], padding: "valid" }, "max"),
  ],
  [
    "MaxPooling2D",
    { pool_size: 2, strides: 3 },
    IMAGE,
    pool2d({ size: [2, 2], strides: [3, 3], padding: "valid" }, "max"),
  ],
  [
    "MaxPooling1D",
    { pool_size: 3, strides: 2, padding: "same" },
    WINDOW,
    alongTime(pool2d({ size: [1, 3], strides: [1, 2], padding: "same" }, "max")),
  ],
  [
    "AveragePooling1D",
    { pool_size: [3], strides: [2], padding: "same" },
    WINDOW,
    alongTime(pool2d({ size: [1, 3], strides: [1, 2], padding: "same" }, "mean")),
  ],
  ["GlobalMaxPooling1D", {}, WINDOW, globalPool("max")],
  ["GlobalAveragePooling1D", { keepdims: false }, WINDOW, globalPool("mean")],
  ["GlobalMaxPooling2D", {}, IMAGE, globalPool("max")],
  ["GlobalAveragePooling2D", {}, IMAGE, globalPool("mean")],
  ["ZeroPadding2D", { padding: 2 }, IMAGE, zeroPadding(2, 2, 2, 2)],
  ["ZeroPadding2D", { padding: [1, 2] }, IMAGE, zeroPadding(1, 1, 2, 2)],
  [
    "ZeroPadding2D",
    {
      padding: [
        [1, 0],
        [0, 3],
      ],
    },
    IMAGE,
    zeroPadding(1, 0, 0, 3),
  ],
  ["ZeroPadding2D", {}, IMAGE, zeroPadding(1, 1, 1, 1)],
  ["ReLU", {}, [9], mapped((x) => Math.max(0, x))],
  [
    "ReLU",
    { max_value: 0.5, negative_slope: 0, threshold: 0 },
    [9],
    mapped((x) => Math.min(0.5, Math.max(0, x))),
  ],
  ["ReLU", { max_value: null }, [9], mapped((x) => Math.max(0, x))],
  ["Flatten", {}, IMAGE, reshaped(120)],
  ["Reshape", { target_shape: [8, 15] }, IMAGE, reshaped(8, 15)],
  ["BatchNormalization", { epsilon: 0.1, momentum: 0.5 }, IMAGE, runningNorm(0.1)],
  ["BatchNormalization", { axis: [3], center: false }, IMAGE, runningNorm(1e-3)],
  ["BatchNormalization", { scale: false, fused: false, renorm: false }, [4], runningNorm(1e-3)],
  ["GroupNormalization", { groups: 2, epsilon: 0.1 }, IMAGE, groupNorm(2, 0.1, "places")],
  ["GroupNormalization", { groups: -1, center: false, scale: false }, IMAGE, groupNorm(4, 1e-3, "places")],
  ["LayerNormalization", { epsilon: 0.1 }, IMAGE, groupNorm(1, 0.1, "channels")],
  ["LayerNormalization", { axis: [2], center: false }, WINDOW, groupNorm(1, 1e-3, "channels")],
  ["LayerNormalization", { axis: -1, scale: false }, [4], groupNorm(1, 1e-3, "channels")],
];

/** What Keras or TensorFlow.js knows of these layers and we do not run: refused with layer, setting and remedy. */
const penalty = { class_name: "L2", config: { l2: 0.01 } };
const drawn = { class_name: "RandomNormal", config: { mean: 0, stddev: 3, seed: null } };
const kernelCases: readonly (readonly [string, unknown])[] = [
  ["activation", "softmax"],
  ["activation", ["relu"]],
  ["activation", { class_name: "LeakyReLU", config: {} }],
  ["use_bias", "no"],
  ["kernel_initializer", drawn],
  ["kernel_initializer", "he_normal"],
  ["kernel_initializer", { class_name: "GlorotUniform", config: { seed: 7 } }],
  ["kernel_initializer", { class_name: "VarianceScaling", config: { scale: 2, mode: "fan_in", seed: null } }],
  ["bias_initializer", "ones"],
  ["kernel_regularizer", penalty],
  ["bias_regularizer", penalty],
  ["activity_regularizer", penalty],
  ["kernel_constraint", { class_name: "MaxNorm", config: {} }],
  ["bias_constraint", { class_name: "NonNeg", config: {} }],
  ["dtype", "float16"],
  ["dtype", { class_name: "Policy", config: { name: "mixed_float16" } }],
  ["trainable", "no"],
  ["batch_input_shape", [32, 5]],
  ["batch_input_shape", [null, null]],
  ["weights", [[1]]],
  ["batch_size", 3],
];
const convCases: readonly (readonly [string, unknown])[] = [
  ...kernelCases,
  ["groups", 2],
  ["dilation_rate", 2],
  ["dilation_rate", [2]],
  ["padding", "causal"],
  ["padding", "full"],
  ["data_format", "channels_first"],
  ["strides", 0],
  ["strides", 1.5],
  ["kernel_size", 0],
  ["filters", 2.5],
];
const poolCases: readonly (readonly [string, unknown])[] = [
  ["padding", "causal"],
  ["data_format", "channels_first"],
  ["pool_size", 0],
  ["strides", -1],
];
const globalCases: readonly (readonly [string, unknown])[] = [
  ["keepdims", true],
  ["data_format", "channels_first"],
];
const normCases: readonly (readonly [string, unknown])[] = [
  ["axis", [1, 2]],
  ["axis", 0],
  ["axis", -2],
  ["epsilon", 0],
  ["epsilon", "1e-3"],
  ["center", 1],
  ["gamma_initializer", drawn],
  ["beta_initializer", "ones"],
  ["gamma_regularizer", penalty],
  ["beta_regularizer", penalty],
  ["gamma_constraint", penalty],
  ["beta_constraint", penalty],
];
const dropoutCases: readonly (readonly [string, unknown])[] = [
  ["rate", 1],
  ["rate", "0.5"],
  ["seed", 5],
  ["noise_shape", [null, 1]],
];
export const REFUSED: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  InputLayer: [
    ["sparse", true],
    ["ragged", true],
    ["dtype", "int32"],
  ],
  Dense: [...kernelCases, ["units", 0], ["units", null], ["lora_rank", 4], ["kernelRegularizer", penalty]],
  Conv1D: [...convCases, ["kernel_size", [2, 2]], ["dilationRate", 2]],
  Conv2D: [...convCases, ["kernel_size", [2]], ["strides", [1, 2, 3]]],
  Flatten: [["data_format", "channels_first"]],
  Reshape: [
    ["target_shape", [-1, 4]],
    ["target_shape", []],
  ],
  MaxPooling1D: [...poolCases, ["pool_size", [2, 2]]],
  MaxPooling2D: [...poolCases, ["pool_size", [2]]],
  AveragePooling1D: poolCases,
  AveragePooling2D: poolCases,
  GlobalAveragePooling1D: globalCases,
  GlobalAveragePooling2D: globalCases,
  GlobalMaxPooling1D: globalCases,
  GlobalMaxPooling2D: globalCases,
  ZeroPadding2D: [
    ["padding", -1],
    ["padding", [1, 2, 3]],
    ["padding", [[1], [2]]],
    ["data_format", "channels_first"],
  ],
  Activation: [["activation", "gelu"]],
  ReLU: [
    ["negative_slope", 0.1],
    ["threshold", 1],
    ["max_value", -1],
    ["max_value", "6"],
    ["alpha", 0.3],
  ],
  Add: [["axis", 1]],
  Concatenate: [
    ["axis", 0],
    ["axis", -2],
    ["axis", "last"],
  ],
  BatchNormalization: [
    ...normCases,
    ["momentum", 1],
    ["moving_mean_initializer", "ones"],
    ["moving_variance_initializer", "zeros"],
    ["renorm", true],
    ["renorm_clipping", { rmax: 3 }],
    ["renorm_momentum", 0.5],
    ["fused", true],
    ["virtual_batch_size", 4],
    ["adjustment", "x"],
    ["synchronized", true],
  ],
  GroupNormalization: [...normCases, ["groups", 1.5]],
  LayerNormalization: [...normCases, ["rms_scaling", true]],
  Dropout: dropoutCases,
  SpatialDropout1D: dropoutCases,
  SpatialDropout2D: [...dropoutCases, ["data_format", "channels_first"]],
};

/** A layer with what it cannot do without. */
export const NEEDED: Readonly<Record<string, object>> = {
  Dense: { units: 2 },
  Conv1D: { filters: 2, kernel_size: [2] },
  Conv2D: { filters: 2, kernel_size: [2, 2] },
  Reshape: { target_shape: [4] },
  Activation: { activation: "relu" },
  Dropout: { rate: 0.5 },
  SpatialDropout1D: { rate: 0.5 },
  SpatialDropout2D: { rate: 0.5 },
};
