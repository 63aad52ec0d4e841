/** What a setting of a layer may be. */
export interface SettingRule {
  /** Completes "use ..." in a hint. */
  readonly means: string;
  readonly holds: (value: unknown) => boolean;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isWhole = (value: unknown, least: number): value is number =>
  isNumber(value) && Number.isInteger(value) && value >= least;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One of some values, and nothing else: what is written where it makes no difference, or the only thing that is run. */
export function only(means: string, ...values: readonly unknown[]): SettingRule {
  const texts = values.map((value) => JSON.stringify(value));
  return { means, holds: (value) => texts.includes(JSON.stringify(value)) };
}

/** A rule, or null, which Keras and TensorFlow.js take for the default. */
export function orNull({ means, holds }: SettingRule): SettingRule {
  return { means, holds: (value) => value === null || holds(value) };
}

export const flag: SettingRule = { means: "true or false", holds: (value) => typeof value === "boolean" };
export const text: SettingRule = {
  means: "a string",
  holds: (value) => typeof value === "string" && value !== "",
};
/** Only what changes nothing: a penalty or a constraint on weights would. */
export const absent = orNull(only("none, and leave it out"));
export const count: SettingRule = { means: "a whole number from 1", holds: (value) => isWhole(value, 1) };

/** A share of values: 0 up to, but not, 1. */
export const share: SettingRule = {
  means: "a number from 0 up to, but not including, 1",
  holds: (value) => isNumber(value) && value >= 0 && value < 1,
};

export const epsilon: SettingRule = {
  means: "a number from 1e-7 to 1",
  holds: (value) => isNumber(value) && value >= 1e-7 && value <= 1,
};

export const atLeastZero: SettingRule = {
  means: "a number from 0",
  holds: (value) => isNumber(value) && value >= 0,
};

/** One whole number for all axes, or one for each. */
export function sizes(axes: number): SettingRule {
  return {
    means: axes === 1 ? "a whole number from 1" : `whole numbers from 1, one or ${axes}`,
    holds: (value) =>
      isWhole(value, 1) ||
      (Array.isArray(value) && value.length === axes && value.every((size) => isWhole(size, 1))),
  };
}

/** Sizes of a record, without the batch. */
export const shape: SettingRule = {
  means: "whole numbers from 1, with every size written out",
  holds: (value) => Array.isArray(value) && value.length > 0 && value.every((size) => isWhole(size, 1)),
};

/** The shape of a batch of any size. */
export const batchShape: SettingRule = {
  means: "null and then the sizes of a record: the task says how large a batch is",
  holds: (value) => Array.isArray(value) && value[0] === null && shape.holds(value.slice(1)),
};

/** Zeros around an image: one number, one for each axis, or two for each. */
export const border: SettingRule = {
  means: "whole numbers from 0: one, one for each axis, or two for each",
  holds: (value) => {
    const isPair = (pair: unknown) =>
      Array.isArray(pair) && pair.length === 2 && pair.every((size) => isWhole(size, 0));
    return (
      isWhole(value, 0) ||
      isPair(value) ||
      (Array.isArray(value) && value.length === 2 && value.every(isPair))
    );
  },
};

/** The axis of the channels, alone or in a list; whether a positive one is the last is seen when the layer is built. */
export const channelAxis: SettingRule = {
  means: "-1, the axis of the channels",
  holds: (value) => {
    const [axis, ...more] = [value].flat();
    return more.length === 0 && (axis === -1 || isWhole(axis, 1));
  },
};

/** An axis of a record that is not the batch. */
export const joinAxis: SettingRule = {
  means: "-1, or an axis from 1",
  holds: (value) => value === -1 || isWhole(value, 1),
};

/**
 * An initialiser that Keras or TensorFlow.js writes where the author says nothing. All weights are drawn from the task's seed, so
 * any other wish would be ignored.
 */
export function defaultInitialiser(...names: readonly string[]): SettingRule {
  const plain = (name: string) => name.toLowerCase().replaceAll("_", "");
  const isDefault = (name: unknown) => typeof name === "string" && names.includes(plain(name));
  return {
    means: "the default, and leave it out: the task's seed draws the initial weights",
    holds: (value) => {
      if (value === null || isDefault(value)) return true;
      if (!isRecord(value)) return false;
      const { seed, ...config } = isRecord(value["config"]) ? value["config"] : {};
      if (seed !== undefined && seed !== null) return false;
      if (isDefault(value["class_name"])) return Object.values(config).every((given) => given === null);
      // How TensorFlow.js writes Glorot's.
      return (
        names.includes("glorotuniform") &&
        value["class_name"] === "VarianceScaling" &&
        config["scale"] === 1 &&
        plain(String(config["mode"])) === "fanavg"
      );
    },
  };
}
