import { BatchNormalization } from "../layers/batchNormalization.ts";
import { GroupNormalization } from "../layers/groupNormalization.ts";
import { LayerNormalization } from "../layers/layerNormalization.ts";
import { SeededDropout, SeededSpatialDropout } from "../layers/seededDropout.ts";
import {
  absent,
  atLeastZero,
  batchShape,
  border,
  channelAxis,
  count,
  defaultInitialiser,
  epsilon,
  flag,
  joinAxis,
  only,
  orNull,
  shape,
  share,
  sizes,
  text,
  type SettingRule,
} from "./settingRules.ts";

/** A layer that engines run. */
export interface LayerKind {
  /** Settings that it may have beside those of every layer, each run as Keras does or bound to what changes nothing. */
  readonly settings: Readonly<Record<string, SettingRule>>;
  /** Settings without which there is no layer. */
  readonly needs?: readonly string[];
  /** The weights it may have, by name. */
  readonly weights?: readonly string[];
  /** Our own class, which draws or normalises in the library's place. */
  readonly runsAs?: string;
}

/** Activations that every engine has. */
const ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid"];
const activation = orNull(
  only(
    `${ACTIVATIONS.slice(0, -1).join(", ")} or ${ACTIVATIONS.at(-1)}; the last layer gives logits, without softmax`,
    ...ACTIVATIONS,
  ),
);
const channelsLast = orNull(only("channels_last", "channels_last"));
const padding = orNull(only("valid or same", "valid", "same"));
const noSeed = orNull(only("none, and leave it out: the task's seed draws the masks"));
const isOff = orNull(only("false", false));
const zeros = defaultInitialiser("zeros");
const ones = defaultInitialiser("ones");

/** Settings of every layer. */
export const COMMON_SETTINGS: Readonly<Record<string, SettingRule>> = {
  name: text,
  trainable: flag,
  dtype: orNull(only("float32", "float32")),
  batch_input_shape: batchShape,
  input_shape: shape,
  batch_size: absent,
  input_dtype: orNull(only("float32", "float32")),
  weights: absent,
};

/** What layers with a kernel share. */
const kernel: Readonly<Record<string, SettingRule>> = {
  activation,
  use_bias: orNull(flag),
  kernel_initializer: defaultInitialiser("glorotuniform", "glorotnormal"),
  bias_initializer: zeros,
  kernel_regularizer: absent,
  bias_regularizer: absent,
  activity_regularizer: absent,
  kernel_constraint: absent,
  bias_constraint: absent,
};

function convolution(axes: number): LayerKind {
  return {
    settings: {
      ...kernel,
      filters: count,
      kernel_size: sizes(axes),
      strides: orNull(sizes(axes)),
      padding,
      data_format: channelsLast,
      dilation_rate: orNull(only("1", 1, [1], [1, 1])),
      groups: orNull(only("1", 1)),
    },
    needs: ["filters", "kernel_size"],
    weights: ["kernel", "bias"],
  };
}

function pooling(axes: number): LayerKind {
  return {
    settings: {
      pool_size: orNull(sizes(axes)),
      strides: orNull(sizes(axes)),
      padding,
      data_format: channelsLast,
    },
  };
}

const globalPooling: LayerKind = { settings: { data_format: channelsLast, keepdims: isOff } };

/** What layers that normalise share. */
const normalised: Readonly<Record<string, SettingRule>> = {
  axis: channelAxis,
  epsilon: orNull(epsilon),
  center: orNull(flag),
  scale: orNull(flag),
  gamma_initializer: ones,
  beta_initializer: zeros,
  gamma_regularizer: absent,
  beta_regularizer: absent,
  gamma_constraint: absent,
  beta_constraint: absent,
};
const SCALED = ["gamma", "beta"];

const dropout: Readonly<Record<string, SettingRule>> = {
  rate: share,
  seed: noSeed,
  noise_shape: absent,
};
const spatialDropout: LayerKind = {
  settings: { ...dropout, data_format: channelsLast },
  needs: ["rate"],
  runsAs: SeededSpatialDropout.className,
};

/** Layers whose arithmetic is deterministic and whose gradients every engine has. */
export const LAYER_KINDS: Readonly<Record<string, LayerKind>> = {
  InputLayer: { settings: { sparse: isOff, ragged: isOff } },
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Dense: {
    settings: { ...kernel, units: count, input_dim: count },
    needs: ["units"],
    weights: ["kernel", "bias"],
  },
  Flatten: { settings: { data_format: channelsLast } },
  Reshape: { settings: { target_shape: shape }, needs: ["target_shape"] },
  MaxPooling1D: pooling(1),
  MaxPooling2D: pooling(2),
  AveragePooling1D: pooling(1),
  AveragePooling2D: pooling(2),
  GlobalAveragePooling1D: globalPooling,
  GlobalAveragePooling2D: globalPooling,
  GlobalMaxPooling1D: globalPooling,
  GlobalMaxPooling2D: globalPooling,
  ZeroPadding2D: { settings: { padding: orNull(border), data_format: channelsLast } },
  Activation: { settings: { activation }, needs: ["activation"] },
  ReLU: {
    settings: {
      max_value: orNull(atLeastZero),
      negative_slope: orNull(only("0", 0)),
      threshold: orNull(only("0", 0)),
    },
  },
  Add: { settings: {} },
  Concatenate: { settings: { axis: orNull(joinAxis) } },
  BatchNormalization: {
    settings: {
      ...normalised,
      momentum: share,
      moving_mean_initializer: zeros,
      moving_variance_initializer: ones,
      renorm: isOff,
      renorm_clipping: absent,
      renorm_momentum: orNull(only("0.99", 0.99)),
      fused: isOff,
      virtual_batch_size: absent,
      adjustment: absent,
      synchronized: isOff,
    },
    weights: [...SCALED, "moving_mean", "moving_variance"],
    runsAs: BatchNormalization.className,
  },
  GroupNormalization: {
    settings: {
      ...normalised,
      groups: { means: "a whole number, or -1 for one per channel", holds: Number.isInteger },
    },
    weights: SCALED,
    runsAs: GroupNormalization.className,
  },
  LayerNormalization: {
    settings: { ...normalised, rms_scaling: isOff },
    weights: SCALED,
    runsAs: LayerNormalization.className,
  },
  Dropout: { settings: dropout, needs: ["rate"], runsAs: SeededDropout.className },
  SpatialDropout1D: spatialDropout,
  SpatialDropout2D: spatialDropout,
};
